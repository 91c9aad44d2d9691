import type { IBuildEvent } from '../api/answers';
import { Builds } from '../model/builds';
import { AnswersApi, LOG, aBuild, refusal } from '../../test/server';

const settle = () => new Promise(resolve => setTimeout(resolve));

function event(changes: Partial<IBuildEvent> = {}): IBuildEvent {
  return {
    build: 'b1',
    seq: 41,
    state: 'running',
    phase: 'Python packages',
    step: [5, 7],
    fraction: 0.7,
    lines: 6,
    ...changes
  };
}

async function loaded(): Promise<{ api: AnswersApi; builds: Builds }> {
  const api = new AnswersApi('building');
  const builds = new Builds(api);
  await builds.load();
  await settle(); // the poll asks once at its start
  api.sent.length = 0;
  return { api, builds };
}

/** What was asked for, without the arguments. */
const names = (api: AnswersApi) => api.sent.map(([name]) => name);

describe('Builds', () => {
  let running: Builds | null = null;

  afterEach(() => running?.dispose());

  async function given(): Promise<{ api: AnswersApi; builds: Builds }> {
    const both = await loaded();
    running = both.builds;
    return both;
  }

  it('moves the bar on an event without asking', async () => {
    const { api, builds } = await given();
    builds.apply(event());
    await settle();
    expect(builds.get('b1')?.fraction).toBe(0.7);
    expect(names(api)).toEqual([]);
  });

  it('ignores what is not newer than what it has', async () => {
    const { api, builds } = await given();
    builds.apply(event({ seq: 40, fraction: 0.1 }));
    builds.apply(event({ seq: 12, fraction: 0.1 }));
    await settle();
    expect(builds.get('b1')?.fraction).toBe(0.62);
    expect(names(api)).toEqual([]);
  });

  it('asks once for a gap, a new phase, or an end', async () => {
    for (const change of [{ seq: 44 }, { phase: 'Finish image' }, { state: 'done' as const }]) {
      const { api, builds } = await given();
      api.all = [aBuild('running', { seq: 44 })];
      builds.apply(event(change));
      await settle();
      expect(names(api)).toEqual(['buildLog']);
      builds.dispose();
    }
  });

  it('takes the end from the answer, never from the event', async () => {
    const { api, builds } = await given();
    const ended: string[] = [];
    builds.ended.connect((_, build) => ended.push(build.state));
    builds.apply(event({ state: 'done' }));
    expect(builds.get('b1')?.state).toBe('running');
    api.all = [aBuild('done')];
    await builds.refresh('b1');
    expect(builds.get('b1')?.result?.bytes).toBe(1080000000);
    builds.apply(event({ seq: 99 }));
    await settle();
    expect(ended).toEqual(['done']);
    expect(builds.get('b1')?.state).toBe('done');
  });

  it('asks again when an event overtook the answer, and then believes the answer', async () => {
    const { api, builds } = await given();
    let events = 0;
    const answer = api.buildLog;
    api.buildLog = (id, since) => {
      if (events < 3) {
        events += 1;
        builds.apply(event({ seq: 60 + events }));
      }
      return answer(id, since);
    };
    await builds.refresh('b1');
    await settle();
    // Three events came while an answer was on its way; the server never knows them, and that is
    // not asked for ever.
    expect(names(api)).toHaveLength(4);
  });

  it('keeps two builds apart', async () => {
    const { api, builds } = await given();
    const other = { name: 'other', root: '/home/me/other' };
    api.all = [aBuild('running'), aBuild('running', { id: 'b2', project: other, seq: 3 })];
    await builds.load();
    builds.apply(event({ build: 'b2', seq: 4, fraction: 0.9 }));
    expect(builds.get('b1')?.fraction).toBe(0.62);
    expect(builds.of('/home/me/other')?.fraction).toBe(0.9);
  });

  it('reads a build that began in another tab', async () => {
    const { api, builds } = await given();
    api.all = [aBuild('running', { id: 'b3' })];
    builds.apply(event({ build: 'b3', seq: 1 }));
    await settle();
    expect(names(api)).toEqual(['buildLog']);
    expect(builds.get('b3')?.state).toBe('running');
  });

  it('fetches lines while a log is looked at, and each line once', async () => {
    const { api, builds } = await given();
    const stop = builds.watch('b1');
    await settle();
    expect(builds.log('b1').lines).toEqual(LOG.lines);
    api.lines = [...LOG.lines, 'one more'];
    api.all = [aBuild('running', { seq: 41, lines: 6 })];
    builds.apply(event());
    await settle();
    expect(builds.log('b1').lines).toEqual(api.lines);
    expect(api.sent.map(([, , since]) => since)).toEqual([0, 5]);
    stop();
    api.sent.length = 0;
    builds.apply(event({ seq: 42 }));
    await settle();
    expect(names(api)).toEqual([]);
  });

  it('fetches a long log page by page, and only its end for the panel', async () => {
    const { api, builds } = await given();
    api.lines = Array.from({ length: 5000 }, (_, n) => `line ${n}`);
    api.all = [aBuild('done', { lines: 5000 })];
    await builds.load();
    builds.watch('b1');
    builds.watch('b1', true);
    while (builds.log('b1', true).lines.length < 5000) {
      await settle();
    }
    expect(builds.log('b1', true).lines).toEqual(api.lines);
    expect(builds.log('b1').lines).toHaveLength(2000);
    expect(await builds.text('b1')).toBe(api.lines.join('\n'));
  });

  it('sees that the server ended in the middle, and keeps what it has when nothing answers', async () => {
    const { api, builds } = await given();
    api.errors.set('buildLog', refusal(0, 'unreachable'));
    await builds.refresh('b1');
    expect(builds.problem?.code).toBe('unreachable');
    expect(builds.get('b1')?.state).toBe('running');
    api.all = [aBuild('interrupted', { seq: 2 })];
    await builds.refresh('b1');
    expect(builds.problem).toBeNull();
    expect(builds.get('b1')?.state).toBe('interrupted');
  });

  it('asks for running builds every five seconds, and for none that has ended', async () => {
    jest.useFakeTimers();
    try {
      const api = new AnswersApi('building');
      const builds = new Builds(api);
      await builds.load();
      await jest.advanceTimersByTimeAsync(5100);
      const asked = names(api).filter(name => name === 'buildLog').length;
      expect(asked).toBeGreaterThan(0);
      api.all = [aBuild('done')];
      await builds.refresh('b1');
      api.sent.length = 0;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(names(api)).toEqual([]);
      builds.dispose();
    } finally {
      jest.useRealTimers();
    }
  });
});
