package main

import (
	"github.com/pulumi-electronhub/pulumi-electronhub/sdk/go/electronhub"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		bot, err := electronhub.NewProxyKey(ctx, "bot", &electronhub.ProxyKeyArgs{Budget: pulumi.Float64(10)})
		if err == nil {
			ctx.Export("key", bot.Key)
		}
		return err
	})
}
