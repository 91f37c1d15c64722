"""The programs of the tests."""

import os

import pulumi
import pulumi_electronhub as electronhub


def keys():
    config = pulumi.Config()
    ci = electronhub.ProxyKey(
        "ci",
        budget=config.require_float("budget"),
        models=config.require_object("models"),
        labels={"owner": "team-a", "ticket": "OPS-17"},
    )
    bot = electronhub.RotatingProxyKey("bot", budget=5, rotate_every="3d", overlap="1d", now=config.require("now"))
    pulumi.export("key", ci.key)
    pulumi.export("name", ci.name)
    pulumi.export("models", ci.models)
    pulumi.export("owner", ci.labels["owner"])
    pulumi.export("current", bot.current)
    pulumi.export("previous", bot.previous)
    pulumi.export("rotatesAt", bot.rotates_at)


def questions():
    config = pulumi.Config()
    fingerprint = config.require("fingerprint")
    existing = electronhub.ProxyKey.get("existing", fingerprint)
    enabled = electronhub.get_proxy_keys_output(enabled=True)
    pulumi.export("existing", existing.name)
    pulumi.export("key", existing.key)
    pulumi.export("found", electronhub.get_proxy_key_output(fingerprint=fingerprint).name)
    pulumi.export("enabled", enabled.keys[0].name)
    pulumi.export("valid", electronhub.validate_proxy_key_output(key=config.require_secret("key")).valid)
    pulumi.export("credits", electronhub.get_account_output().credits)


def example():
    with open(os.environ["EXAMPLE"]) as program:
        exec(compile(program.read(), program.name, "exec"), {})
