import { act, fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';

import { aNotebook, IStage, stage } from '../../test/lab';
import { AnswersApi, STATES, aBuild, aPlan, facts, refusal } from '../../test/server';
import { ViewProvider } from '../view/context';
import { ThisNotebook } from '../view/notebook/this-notebook';

let open: IStage | null = null;

afterEach(() => {
  open?.model.dispose();
  open = null;
});

async function show(state: string, given?: Promise<IStage>): Promise<IStage> {
  open = await (given ?? stage(state));
  const { model } = open;
  await act(async () => {
    render(
      <ViewProvider view={open!} signal={model.changed}>
        {() => <ThisNotebook />}
      </ViewProvider>
    );
  });
  return open;
}

const KERNEL = facts('ready').kernels[0];
const primary = () => document.querySelector('.jp-mod-accept')?.textContent ?? null;
const text = () => document.body.textContent ?? '';
const press = (name: string | RegExp) =>
  act(async () => screen.getByRole('button', { name }).click());

describe('each state', () => {
  const expected: { [state: string]: [kind: string, primary: string | null, says: string[]] } = {
    fresh: [
      'fresh',
      'Containerize…',
      ['Uses 9 packages and ffmpeg', '1 import not found: lab_utils (cell 3)', 'No image yet']
    ],
    building: ['building', null, ['Building the CPU image', 'Keep working', '41 of 64 · 38 s']],
    ready: ['ready', 'Switch to digits · CPU…', ['Image ready', '1.08 GB · built in 2 min 41 s']],
    written: ['written', 'Containerize…', ['2 files written']],
    box: ['box', null, ['All of it is in the image']],
    drift: [
      'drift',
      'Add to image',
      ['2 changes are not in the image', 'scipy 1.16.2 changed, was 1.15.0', 'Pins both in requ']
    ],
    rebuilt: ['rebuilt', 'Restart into it…', ['New image ready', 'Variables will be gone.']],
    failed: [
      'failed',
      'Add libgraphviz-dev and retry',
      ['Build failed: Python packages', "needs Graphviz's headers.", 'no earlier image was touched']
    ],
    cancelled: ['stopped', 'Build again', ['Build cancelled', 'The finished steps are kept.']],
    interrupted: ['stopped', 'Build again', ['Jupyter stopped in the middle of the build']],
    'engine-off': [
      'engine',
      'Use a virtual environment…',
      ["Docker isn't running", 'Nothing answers at /var/run/docker.sock', 'but ffmpeg must be on']
    ],
    'engine-absent': [
      'engine',
      'Use a virtual environment…',
      ["Docker isn't installed", 'No docker found.', 'Ask your admin, or choose']
    ],
    'engine-refused': ['engine', 'Use a virtual environment…', ['You may not use Docker']],
    'out-of-memory': [
      'death',
      'Restart with more memory…',
      ['The kernel was killed: 4.0 GiB limit']
    ],
    death: ['death', 'Restart digits · CPU', ['The kernel ended by itself', 'Fatal Python error']],
    unapproved: ['unapproved', 'Look at the files…', ['This project is not approved yet']],
    asked: ['box', null, ['The box of digits asks to change its image', '+seaborn==0.13.2']]
  };

  it('has a test', () => {
    expect(Object.keys(expected).sort()).toEqual(Object.keys(STATES).sort());
  });

  it.each(Object.entries(expected))('%s', async (state, [kind, button, says]) => {
    const { model } = await show(state);
    expect(model.state.kind).toBe(kind);
    expect(primary()).toBe(button);
    says.forEach(words => expect(text()).toContain(words));
    expect(document.querySelectorAll('.jp-mod-accept').length).toBeLessThan(2);
    screen.getAllByRole('button').forEach(one => expect(one).toHaveProperty('type', 'button'));
    for (const one of screen.getAllByRole('button')) {
      expect(one.getAttribute('aria-label') || one.textContent).toBeTruthy();
    }
  });

  it('says what to do while no notebook is open', async () => {
    await show('', stage('fresh', null));
    expect(text()).toBe('Open a notebook to see what it uses.');
  });

  it('says that a notebook has to be saved', async () => {
    const api = new AnswersApi();
    api.errors.set('notebook', refusal(404, 'not_found'));
    const stageOf = stage('fresh', aNotebook(), api);
    const { actions } = await show('', stageOf);
    // The model asks twice as it begins: once by itself, once for this test.
    api.errors.set('notebook', refusal(404, 'not_found'));
    await act(async () => void (await open!.model.refresh()));
    expect(text()).toContain('Save this notebook first.');
    await press('Save');
    expect(actions.save).toHaveBeenCalled();
  });

  it('offers the environment that was made without an engine', async () => {
    const venv = { ...KERNEL, name: 'digits-1a2b-venv', display_name: 'digits · venv' };
    const api = new AnswersApi('engine-off');
    api.facts = { ...api.facts, kernels: [{ ...venv, target: 'venv' }] };
    const { model } = await show('', stage('engine-off', aNotebook(), api));
    expect(model.state.kind).toBe('engine');
    expect(primary()).toBe('Switch to digits · venv…');
    const done = aBuild('done');
    const kernels = [{ ...venv, target: 'venv' as const }];
    act(() =>
      model.builds.add({ ...done, targets: ['venv'], result: { ...done.result!, kernels } })
    );
    expect(model.state.kind).toBe('ready');
    expect(text()).toContain('Environment ready');
    expect(primary()).toBe('Switch to digits · venv…');
  });

  it.each([
    ['', 'unsaved'],
    ['import json', 'fresh']
  ])('looks whether the file has code: %p', async (saved, kind) => {
    const api = new AnswersApi('fresh');
    api.facts.uses = { packages: 0, apt: [], unresolved: [], source: 'saved' };
    const cell = { sharedModel: { getSource: () => saved } };
    const notebook = aNotebook({ dirty: true });
    Object.assign(notebook.context.model, { cells: [cell] });
    const { model } = await show('', stage('fresh', notebook, api));
    cell.sharedModel.getSource = () => 'import sys';
    expect(model.state.kind).toBe(kind);
  });

  it('says that other languages do not work', async () => {
    const notebook = aNotebook({ kernel: 'ir' });
    Object.assign(notebook.sessionContext.specsManager.specs!.kernelspecs, {
      ir: { language: 'R' }
    });
    await show('', stage('fresh', notebook));
    expect(text()).toBe('Only Python notebooks work so far.');
  });

  it('names the command where the server half is off', async () => {
    const api = new AnswersApi();
    api.about = async () => {
      throw refusal(404, 'http_404');
    };
    const { actions } = await show('', stage('fresh', aNotebook(), api));
    expect(text()).toContain("Devbox's server part is off");
    await press('Copy the command');
    expect(actions.copy).toHaveBeenCalledWith('jupyter server extension enable jupyter_devbox');
    expect(api.sent).toEqual([]);
  });
});

describe('a build', () => {
  it('announces its step and nothing else, and keeps the log quiet', async () => {
    await show('building');
    expect(screen.getByRole('status').textContent).toBe('Step 5 of 7: Python packages');
    expect(screen.getByRole('log').getAttribute('aria-live')).toBe('off');
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('62');
    expect(screen.getByRole('log', { name: 'Build log' }).textContent).toContain('Prepared 41');
  });

  it('shows the failed step first, and retries with the cure', async () => {
    const { actions, model } = await show('failed');
    expect(screen.getByRole('alert').textContent).toBe('Build failed: Python packages');
    const steps = screen.getAllByRole('listitem').map(item => item.textContent);
    expect(steps[0]).toBe('failed: Python packagesafter 52 s');
    expect(steps).toHaveLength(5);
    await press('Add libgraphviz-dev and retry');
    expect(actions.retry).toHaveBeenCalledWith(model.build, { apt: ['libgraphviz-dev'] });
    await press('Dismiss');
    expect(model.state.kind).toBe('fresh');
  });

  it('moves nothing and switches nothing when it ends', async () => {
    const elsewhere = document.body.appendChild(document.createElement('button'));
    const { actions, api, model } = await show('building');
    elsewhere.focus();
    api.all = [{ ...api.all[0], state: 'failed', seq: 99 }];
    await act(async () => model.builds.refresh('b1'));
    expect(document.activeElement).toBe(elsewhere);
    expect(actions.switchTo).not.toHaveBeenCalled();
    elsewhere.remove();
  });

  it('holds 100,000 lines with only the visible ones in the page', async () => {
    const api = new AnswersApi('building');
    api.lines = Array.from({ length: 100_000 }, (_, n) => `line ${n}`);
    const { model } = await show('', stage('building', aNotebook(), api));
    while (model.builds.log('b1').lines.length < 100_000) {
      await act(async () => void (await new Promise(resolve => setTimeout(resolve))));
    }
    const rows = document.querySelector('.jp-Devbox-shown')!.textContent!.split('\n');
    expect(rows.length).toBeLessThan(60);
    expect(rows[rows.length - 1]).toBe('line 99999');
  });
});

describe('hostile text', () => {
  const HTML = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>';

  /** Return an answer with its names replaced by what would hurt as markup. */
  function hurt<T>(answer: T): T {
    const names = /digits · CPU|lab_utils|seaborn|ffmpeg|var.run/g;
    return JSON.parse(
      JSON.stringify(answer).replace(names, () => JSON.stringify(HTML).slice(1, -1))
    );
  }

  it('stays text wherever it stands', async () => {
    for (const state of ['fresh', 'failed', 'building', 'drift', 'asked', 'ready', 'engine-off']) {
      const api = new AnswersApi(state);
      api.facts = hurt(api.facts);
      api.all = hurt(api.all).map(build => ({
        ...build,
        path: HTML,
        problem: build.problem && {
          ...build.problem,
          message: HTML,
          log: [HTML],
          fix: { label: HTML, edits: {} }
        }
      }));
      api.lines = [HTML, `\u001b[31m${HTML}`, HTML.repeat(500)];
      api.asked = api.asked.map(ask => ({ ...ask, notebook: HTML, diff: [HTML] }));
      const { model } = await show('', stage(state, aNotebook({ path: HTML }), api));
      expect(text()).toContain('<script>');
      expect(document.querySelector('img, script')).toBeNull();
      model.dispose();
      document.body.replaceChildren();
    }
    expect('hurt' in window).toBe(false);
  });
});

describe('the plan', () => {
  async function planned(changes = {}): Promise<IStage> {
    const api = new AnswersApi();
    api.planned = aPlan(changes);
    const shown = await show('', stage('fresh', aNotebook(), api));
    screen.getByRole('button', { name: 'Containerize…' }).focus();
    await act(async () => void (await shown.model.openPlan()));
    return shown;
  }

  it('asks its question first, and puts the keyboard there', async () => {
    await planned();
    const field = screen.getByLabelText('Package that provides it');
    expect(document.activeElement).toBe(field);
    expect(primary()).toBe('Build without lab_utils');
    expect(text()).toContain('About 1.1 GB on disk. 41 GB free.');
  });

  it('says where it may not fit on the disk, and refuses nothing', async () => {
    await planned({ questions: [], free_bytes: 10e9, needed_bytes: 27e9 });
    const words = 'May not fit on the disk: building takes up to 27 GB, 10 GB free.';
    expect(screen.getByText(words).getAttribute('role')).toBe('status');
    expect(text()).toContain('jupyter devbox prune');
    expect(primary()).toBe('Build');
  });

  it.each([
    ['it fits', { free_bytes: 41e9, needed_bytes: 41e9 }],
    ['it cannot be seen', { free_bytes: null, needed_bytes: 27e9 }]
  ])('says nothing of room where %s', async (_, room) => {
    await planned(room);
    expect(text()).not.toContain('May not fit');
  });

  it('puts the keyboard on its heading where nothing is asked', async () => {
    await planned({ questions: [] });
    expect(document.activeElement?.textContent).toBe('Plan for train.ipynb');
    expect(primary()).toBe('Build');
  });

  it('shows odd packages with their reasons, and the others on request', async () => {
    await planned();
    expect(screen.getByRole('checkbox', { name: 'black' })).toHaveProperty('checked', false);
    expect(text()).toContain('Installed in cell 1, never imported');
    expect(screen.queryByRole('checkbox', { name: 'torch' })).toBeNull();
    await press('7 more, imported directly');
    expect(screen.getByRole('checkbox', { name: 'torch' })).toHaveProperty('checked', true);
  });

  it('counts a package only once it was looked up', async () => {
    const { api, model } = await planned();
    const field = screen.getByLabelText('Package that provides it');
    fireEvent.change(field, { target: { value: 'nosuch' } });
    await act(async () => void fireEvent.keyDown(field, { key: 'Enter' }));
    expect(text()).toContain('There is no package nosuch.');
    expect(primary()).toBe('Build without lab_utils');
    fireEvent.change(field, { target: { value: 'lab-utils' } });
    expect(model.draft?.edits.provides).toBeUndefined();
    await act(async () => void fireEvent.keyDown(field, { key: 'Enter' }));
    expect(text()).toContain('lab-utils 0.13.2: Statistical data visualization');
    expect(primary()).toBe('Build');
    expect(model.draft?.edits.provides).toEqual({ lab_utils: 'lab-utils' });
    fireEvent.change(field, { target: { value: '' } });
    expect(primary()).toBe('Build without lab_utils');
    expect(api.sent.filter(([name]) => name === 'package')).toHaveLength(2);
  });

  it('sends only what differs from the plan', async () => {
    const { model } = await planned();
    const tick = (name: string) => act(async () => screen.getByRole('checkbox', { name }).click());
    await tick('black');
    await tick('openpyxl');
    await tick('ffmpeg');
    expect(model.draft?.edits).toMatchObject({
      include: ['black'],
      exclude: ['openpyxl'],
      exclude_apt: ['ffmpeg']
    });
    await tick('black');
    await tick('openpyxl');
    await tick('ffmpeg');
    expect(model.draft?.edits).toEqual({
      include: [],
      exclude: [],
      apt: [],
      exclude_apt: []
    });
  });

  it('asks about environments of their own where there are several notebooks', async () => {
    const says = [
      'One environment: about 2.4 GB. Split: a 1.9 GB, b 490 MB.',
      '  b does without 3'
    ];
    const { model } = await planned({ notebooks: ['a.ipynb', 'b.ipynb'], savings: { says } });
    const box = screen.getByRole('checkbox', { name: 'One for each notebook' });
    expect((box as HTMLInputElement).checked).toBe(false);
    expect(text()).toContain(says[0]);
    await act(async () => fireEvent.click(box));
    expect(model.draft!.edits.split).toBe('each');
    await act(async () => fireEvent.click(box));
    expect(model.draft!.edits.split).toBe('off');
  });

  it('asks nothing about environments where there is one notebook', async () => {
    await planned();
    expect(screen.queryByRole('checkbox', { name: 'One for each notebook' })).toBeNull();
  });

  it('says which environments there are', async () => {
    await planned({ groups: { train: ['train.ipynb'], plots: ['plots.ipynb'] } });
    const box = screen.getByRole('checkbox', { name: 'One for each notebook' });
    expect((box as HTMLInputElement).checked).toBe(true);
    expect(text()).toContain('train, plots');
  });

  it('lets CUDA be planned where it cannot run, and says why', async () => {
    const { model } = await planned();
    const cuda = screen.getByRole('checkbox', { name: 'CUDA' });
    expect(text()).toContain('Can be built here but not run: Docker has no NVIDIA support');
    await act(async () => cuda.click());
    expect(model.draft?.targets).toEqual(['cpu', 'cuda']);
    await press('Show the fix for CUDA');
    await press('Copy the commands');
    expect(open!.actions.copy).toHaveBeenCalledWith(
      'sudo nvidia-ctk runtime configure --runtime=docker\nsudo systemctl restart docker'
    );
  });

  it('asks for the cards of a planned twin, and for none elsewhere', async () => {
    const limits = { memory: null, cpus: null, shm_size: null, pids: null, gpus: '0' };
    const { model } = await planned({ limits });
    expect(text()).toContain('GPUs 0');
    await press(/^Limits/);
    const field = screen.getByLabelText('GPUs');
    expect(text()).toContain('Such as 0,1, or all. Empty: as it is.');
    fireEvent.change(field, { target: { value: '1' } });
    await act(async () => void fireEvent.keyDown(field, { key: 'Enter' }));
    expect(model.draft?.edits.gpus).toBe('1');
  });

  it('asks for no cards where none are planned', async () => {
    await planned();
    await press(/^Limits/);
    expect(screen.getByLabelText('Memory')).toBeTruthy();
    expect(screen.queryByLabelText('GPUs')).toBeNull();
  });

  it('waits for the answer about a file changed by hand', async () => {
    const conflict = { kind: 'conflict', files: ['.devcontainer/Dockerfile'] };
    const { actions, model } = await planned({ questions: [conflict] });
    const build = screen.getByRole('button', { name: 'Build' });
    expect(build.getAttribute('aria-disabled')).toBe('true');
    await press('Build');
    expect(actions.build).not.toHaveBeenCalled();
    await act(async () => screen.getByRole('checkbox', { name: 'Take the plan' }).click());
    expect(model.draft?.edits.keep_mine).toBe(true);
    await press('Build');
    expect(actions.build).toHaveBeenCalled();
  });

  it('goes back to where it came from', async () => {
    await planned();
    await press('Back to the notebook');
    expect(document.activeElement?.textContent).toBe('Containerize…');
  });

  it('leads to the files where they are not approved', async () => {
    const api = new AnswersApi();
    const { actions, model } = await show('', stage('fresh', aNotebook(), api));
    api.errors.set('plan', refusal(409, 'untrusted_project', 'The files are not approved'));
    await act(async () => void (await model.openPlan()));
    expect(within(screen.getByRole('alert')).getByText('The files are not approved.')).toBeTruthy();
    await press('Look at the files…');
    expect(actions.review).toHaveBeenCalled();
  });
});
