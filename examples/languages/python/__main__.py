import pulumi
import pulumi_electronhub as electronhub

bot = electronhub.ProxyKey("bot", budget=10, models=["gpt-4o-mini"])
worker = electronhub.RotatingProxyKey("worker", budget=5, rotate_every="30d", overlap="2d")

pulumi.export("key", bot.key)
pulumi.export("current", worker.current)
