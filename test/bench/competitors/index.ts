import Bottleneck from "bottleneck";
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
    const limiter = new Bottleneck({
      reservoir: settings.limit,
      reservoirRefreshAmount: settings.limit,
      reservoirRefreshInterval: WINDOW_MS,
    });
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
  });
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
