import Bottleneck from "bottleneck";
import { Redis } from "ioredis";
import pThrottle from "p-throttle";
import { Agent, request, RetryAgent } from "undici";

import {
  jitter,
  play,
  startAccount,
  WINDOW_MS,
  type Outcome,
  type Process,
  type Scenario,
} from "../scenario";
import { inFakeTime } from "./fakeTime";

/** The settings of a process. Only competitors that need it use the true limit. */
interface ProcessSettings {
  baseUrl: string;
  apiKey: string;
  limit: number;
  /** Delays a request by the network's latency. */
  latency(): Promise<void>;
}

type Start = (settings: ProcessSettings) => Process;

/** The alternatives today. Each process has its own limiter, as with these libraries without a database. */
const COMPETITORS: Readonly<Record<string, Start>> = {
  plain: (settings) => ({ remove: (key) => removeByFetch(settings, key), stop: async () => {} }),
  RetryAgent: ({ baseUrl, apiKey, latency }) => {
    // The defaults, and POST: without it this would be the plain provider.
    const agent = new RetryAgent(new Agent(), { methods: ["GET", "POST"] });
    return {
      remove: async (key) => {
        await latency();
        const { statusCode, body } = await request(`${baseUrl}/auth/proxy/remove`, {
          ...message(apiKey, key),
          dispatcher: agent,
        });
        await body.dump();
        if (statusCode >= 300) throw new Error(`HTTP ${statusCode}`);
      },
      stop: () => agent.close(),
    };
  },
  Bottleneck: (settings) => {
    const limiter = new Bottleneck(reservoirOf(settings.limit));
    return {
      remove: (key) => limiter.schedule(() => removeByFetch(settings, key)),
      stop: () => limiter.disconnect(),
    };
  },
  "p-throttle": (settings) => {
    const throttle = pThrottle({ limit: settings.limit, interval: WINDOW_MS });
    return { remove: throttle((key: string) => removeByFetch(settings, key)), stop: async () => {} };
  },
};

export const competitorNames = Object.keys(COMPETITORS);

export function runCompetitor(name: string, scenario: Scenario): Promise<Outcome> {
  const start = COMPETITORS[name];
  if (start === undefined) throw new Error(`There is no competitor ${name}.`);
  return runWith(start, scenario);
}

/** Bottleneck with its clustering: all processes share a limiter on a Redis server. */
export function runBottleneckOnRedis(redisPort: number, scenario: Scenario): Promise<Outcome> {
  const commands = { underWay: 0 };
  const start: Start = (settings) => {
    const limiter = new Bottleneck({
      ...reservoirOf(settings.limit),
      id: settings.apiKey,
      datastore: "ioredis",
      clientOptions: { port: redisPort, host: "127.0.0.1" },
      Redis: watching(commands),
    });
    return {
      remove: (key) => limiter.schedule(() => removeByFetch(settings, key)),
      stop: () => limiter.disconnect(),
    };
  };
  return runWith(start, scenario, () => commands.underWay > 0);
}

/** The commands that have no reply yet: virtual time must not pass meanwhile. */
interface CommandsUnderWay {
  underWay: number;
}

/** A client of Redis that counts its commands. */
function watching(commands: CommandsUnderWay): typeof Redis {
  return class extends Redis {
    override async sendCommand(...parameters: Parameters<Redis["sendCommand"]>): Promise<unknown> {
      commands.underWay++;
      try {
        return await super.sendCommand(...parameters);
      } finally {
        commands.underWay--;
      }
    }
  };
}

function runWith(start: Start, scenario: Scenario, isBusy: () => boolean = () => false): Promise<Outcome> {
  return inFakeTime(async (clock) => {
    const simulator = await startAccount(scenario, clock);
    const { baseUrl } = simulator;
    const settings = {
      baseUrl,
      apiKey: simulator.account().apiKey,
      limit: scenario.limit,
      latency: jitter(scenario, (ms) => pause(ms)),
    };
    try {
      return await play(scenario, {
        simulator,
        nowMs: () => clock.nowMs(),
        startProcess: () => start(settings),
      });
    } finally {
      await simulator.close();
    }
  }, isBusy);
}

function reservoirOf(limit: number) {
  return { reservoir: limit, reservoirRefreshAmount: limit, reservoirRefreshInterval: WINDOW_MS };
}

async function removeByFetch({ baseUrl, apiKey, latency }: ProcessSettings, key: string): Promise<void> {
  await latency();
  const response = await fetch(`${baseUrl}/auth/proxy/remove`, message(apiKey, key));
  await response.text();
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
}

function message(apiKey: string, key: string) {
  return {
    method: "POST" as const,
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ proxy_key: key }),
  };
}

/** Uses the global timer, which is fake here. */
function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
