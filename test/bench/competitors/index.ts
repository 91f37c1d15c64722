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

/** What a process is told: where, who, and (those that cannot learn it) the true limit. */
interface Told {
  baseUrl: string;
  apiKey: string;
  limit: number;
  /** The network's part that comes before the request. */
  wayThere(): Promise<void>;
}

type Start = (told: Told) => Process;

/** The ways that people have today. Each process has its own limiter, as these libraries have without a database. */
const COMPETITORS: Readonly<Record<string, Start>> = {
  plain: (told) => ({ remove: (key) => removeByFetch(told, key), stop: async () => {} }),
  RetryAgent: ({ baseUrl, apiKey, wayThere }) => {
    // The defaults, except that they leave out POST, with which it would be the plain provider.
    const agent = new RetryAgent(new Agent(), { methods: ["GET", "POST"] });
    return {
      remove: async (key) => {
        await wayThere();
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
  Bottleneck: (told) => {
    const limiter = new Bottleneck({
      reservoir: told.limit,
      reservoirRefreshAmount: told.limit,
      reservoirRefreshInterval: WINDOW_MS,
    });
    return {
      remove: (key) => limiter.schedule(() => removeByFetch(told, key)),
      stop: () => limiter.disconnect(),
    };
  },
  "p-throttle": (told) => {
    const throttle = pThrottle({ limit: told.limit, interval: WINDOW_MS });
    return { remove: throttle((key: string) => removeByFetch(told, key)), stop: async () => {} };
  },
};

export const competitorNames = Object.keys(COMPETITORS);

export function runCompetitor(name: string, scenario: Scenario): Promise<Outcome> {
  const start = COMPETITORS[name];
  if (start === undefined) throw new Error(`No competitor is called ${name}.`);
  return inFakeTime(async (clock) => {
    const simulator = await startAccount(scenario, clock);
    const { baseUrl } = simulator;
    const told = {
      baseUrl,
      apiKey: simulator.account().apiKey,
      limit: scenario.limit,
      wayThere: jitter(scenario, (ms) => pause(ms)),
    };
    try {
      return await play(scenario, { simulator, nowMs: () => clock.nowMs(), startProcess: () => start(told) });
    } finally {
      await simulator.close();
    }
  });
}

async function removeByFetch({ baseUrl, apiKey, wayThere }: Told, key: string): Promise<void> {
  await wayThere();
  const answer = await fetch(`${baseUrl}/auth/proxy/remove`, message(apiKey, key));
  await answer.text();
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
}

function message(apiKey: string, key: string) {
  return {
    method: "POST" as const,
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ proxy_key: key }),
  };
}

/** By whatever timer is global at the time: a fake one here. */
function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
