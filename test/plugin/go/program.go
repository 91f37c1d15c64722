package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/pulumi-electronhub/pulumi-electronhub/sdk/go/electronhub"
)

func keys(ctx *pulumi.Context) error {
	settings := config.New(ctx, "")
	var models []string
	settings.RequireObject("models", &models)
	ci, err := electronhub.NewProxyKey(ctx, "ci", &electronhub.ProxyKeyArgs{
		Budget: pulumi.Float64(settings.RequireFloat64("budget")),
		Models: pulumi.ToStringArray(models),
		Labels: pulumi.StringMap{"owner": pulumi.String("team-a"), "ticket": pulumi.String("OPS-17")},
	})
	if err != nil {
		return err
	}
	bot, err := electronhub.NewRotatingProxyKey(ctx, "bot", &electronhub.RotatingProxyKeyArgs{
		Budget:      pulumi.Float64(5),
		RotateEvery: "3d",
		Overlap:     "1d",
		Now:         pulumi.StringRef(settings.Require("now")),
	})
	if err != nil {
		return err
	}
	ctx.Export("key", ci.Key)
	ctx.Export("name", ci.Name)
	ctx.Export("models", ci.Models)
	ctx.Export("owner", ci.Labels.MapIndex(pulumi.String("owner")))
	ctx.Export("current", bot.Current)
	ctx.Export("previous", bot.Previous)
	ctx.Export("rotatesAt", bot.RotatesAt)
	return nil
}

func questions(ctx *pulumi.Context) error {
	settings := config.New(ctx, "")
	fingerprint := settings.Require("fingerprint")
	existing, err := electronhub.GetProxyKey(ctx, "existing", pulumi.ID(fingerprint), nil)
	if err != nil {
		return err
	}
	found := electronhub.LookupProxyKeyOutput(ctx, electronhub.LookupProxyKeyOutputArgs{
		Fingerprint: pulumi.String(fingerprint),
	})
	enabled := electronhub.GetProxyKeysOutput(ctx, electronhub.GetProxyKeysOutputArgs{Enabled: pulumi.Bool(true)})
	valid := electronhub.ValidateProxyKeyOutput(ctx, electronhub.ValidateProxyKeyOutputArgs{
		Key: settings.RequireSecret("key"),
	})
	ctx.Export("existing", existing.Name)
	ctx.Export("key", existing.Key)
	ctx.Export("found", found.Name())
	ctx.Export("enabled", enabled.Keys().Index(pulumi.Int(0)).Name())
	ctx.Export("valid", valid.Valid())
	ctx.Export("credits", electronhub.GetAccountOutput(ctx).Credits())
	return nil
}
