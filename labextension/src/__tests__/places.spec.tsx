import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { act, render, screen } from '@testing-library/react';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import type { IRunningSessions } from '@jupyterlab/running';
import { nullTranslator } from '@jupyterlab/translation';
import React from 'react';

import { IStage, aNotebook, noActions, stage, trans } from '../../test/lab';
import { AnswersApi, aBuild, refusal } from '../../test/server';
import plugins from '../index';
import { commands } from '../plugins/commands';
import { notify } from '../plugins/notify';
import { running } from '../plugins/running';
import { StatusItem } from '../plugins/status';
import { BadgeButton } from '../view/badge';
import { CellOutput, MIME } from '../view/cell';
import { openMenu } from '../view/menu';
import { DevboxPanel } from '../view/panel';
import { boxUse, card } from '../words';

const settle = () => act(async () => void (await new Promise(resolve => setTimeout(resolve, 20))));

let scene: IStage;
afterEach(() => {
  scene?.model.dispose();
  document.body.replaceChildren();
});

describe('the plugins', () => {
  it('are small, and only the model and the actions are needed by others', () => {
    expect(plugins.map(plugin => plugin.id)).toEqual(
      'model actions panel commands toolbar status running cell notify'
        .split(' ')
        .map(name => `jupyter-devbox:${name}`)
    );
    expect(plugins.filter(plugin => plugin.provides).map(plugin => plugin.id)).toEqual([
      'jupyter-devbox:model',
      'jupyter-devbox:actions'
    ]);
  });
});

describe('the panel', () => {
  async function opened(state: string, api?: AnswersApi): Promise<DevboxPanel> {
    scene = await stage(state, aNotebook(), api);
    const panel = new DevboxPanel(scene, nullTranslator);
    await act(async () => Widget.attach(panel, document.body));
    await settle();
    return panel;
  }
  const section = async (name: RegExp) => {
    await act(async () => screen.getByRole('button', { name }).click());
    await settle();
  };

  it('has six sections, with the first one open, and says in each title how it stands', async () => {
    await opened('failed');
    const titles = [...document.querySelectorAll('.jp-AccordionPanel-title')];
    expect(titles.map(title => title.textContent)).toEqual([
      'This notebook',
      'Kernels2 running',
      'Ports2 open',
      'Buildslast one failed',
      'Images1.89 GB',
      'Share1 link'
    ]);
    expect(titles.map(title => title.getAttribute('aria-expanded'))).toEqual([
      'true',
      'false',
      'false',
      'false',
      'false',
      'false'
    ]);
  });

  it('asks for nothing that is not looked at', async () => {
    scene = await stage('fresh');
    expect(scene.api.sent.map(([name]) => name)).not.toContain('images');
    const panel = new DevboxPanel(scene, nullTranslator);
    await act(async () => Widget.attach(panel, document.body));
    await settle();
    expect(scene.api.sent.filter(([name]) => name === 'images')).toHaveLength(1);
    act(() => panel.hide());
    scene.model.images.expire();
    await settle();
    expect(scene.api.sent.filter(([name]) => name === 'images')).toHaveLength(1);
    act(() => panel.show());
    await settle();
    expect(scene.api.sent.filter(([name]) => name === 'images')).toHaveLength(2);
  });

  it('lists kernels, with the reason where one cannot run', async () => {
    await opened('drift');
    await section(/^Kernels/);
    expect(document.body.textContent).toContain(
      'This notebook · 1 kernel · memory 1.2 GiB of 4.0 GiB · CPUs 0.4 of 2'
    );
    expect(document.body.textContent).toContain("Can't run here: Docker has no NVIDIA support");
    expect(screen.queryByRole('button', { name: 'Switch to digits · CUDA' })).toBeNull();
    await act(async () =>
      screen.getByRole('button', { name: 'Switch to Python 3 (ipykernel)' }).click()
    );
    expect(scene.actions.switchTo).toHaveBeenCalledWith('python3');
    await act(async () =>
      screen.getByRole('button', { name: 'Stop the box of digits · CPU…' }).click()
    );
    expect(scene.actions.stopBox).toHaveBeenCalledWith('x1');
    // A box that VS Code made is shown, and not ours to stop.
    expect(document.body.textContent).toContain('made by VS Code');
    expect(screen.queryByRole('button', { name: /Stop the box of a-project/ })).toBeNull();
  });

  it('shows the box that this notebook is in, of several and of its own group', async () => {
    const api = new AnswersApi('box');
    const { boxes, ...rest } = await api.boxes();
    const [now] = boxes;
    const old = { ...now, id: 'x0', stale: true, kernels: [], memory: '1 GiB', use: null };
    const other = { ...now, id: 'x9', group: 'plots', kernels: [], memory: '2 GiB', use: null };
    api.boxes = async () => ({ ...rest, boxes: [other, old, now] });
    await opened('box', api);
    await section(/^Kernels/);
    const said = document.body.textContent ?? '';
    const beside = said.slice(said.indexOf('Other boxes'));
    expect(said).toContain('This notebook · 1 kernel · memory 1.2 GiB of 4.0 GiB');
    expect(beside).toContain('limit 1 GiB · made from older files');
    expect(beside).toContain('limit 2 GiB');
  });

  it('keeps what was built, with its steps, log and another try', async () => {
    await opened('failed');
    await section(/^Builds/);
    await act(async () => screen.getByRole('button', { name: /^Steps/ }).click());
    await act(async () =>
      screen.getByRole('button', { name: 'Build train.ipynb · CPU again' }).click()
    );
    expect(scene.actions.retry).toHaveBeenCalledWith(scene.model.build);
    await act(async () =>
      screen.getByRole('button', { name: 'Open the log of train.ipynb · CPU' }).click()
    );
    expect(scene.actions.openLog).toHaveBeenCalled();
  });

  it('says what may go among the images, and draws 500 of them in parts', async () => {
    const api = new AnswersApi();
    const usual = await api.images();
    api.images = async () => ({
      ...usual,
      images: Array.from({ length: 500 }, (_, n) => ({ ...usual.images[1], id: `i${n}` }))
    });
    await opened('fresh', api);
    await section(/^Images/);
    expect(document.querySelectorAll('.jp-Devbox-item')).toHaveLength(50);
    await act(async () => screen.getByRole('button', { name: 'Show 450 more' }).click());
    expect(document.querySelectorAll('.jp-Devbox-item')).toHaveLength(500);
    await act(async () =>
      screen.getByRole('button', { name: 'Remove unused… (frees 812 MB)' }).click()
    );
    expect(scene.actions.prune).toHaveBeenCalled();
  });
});

describe('Share', () => {
  async function opened(api?: AnswersApi, notebook = aNotebook()): Promise<void> {
    scene = await stage('fresh', notebook, api);
    const panel = new DevboxPanel(scene, nullTranslator);
    await act(async () => Widget.attach(panel, document.body));
    await settle();
    await act(async () => screen.getByRole('button', { name: /^Share/ }).click());
    await settle();
  }

  it('has a link only where it works, and says what is missing elsewhere', async () => {
    await opened();
    expect(scene.api.sent).toContainEqual(['share', 'digits/train.ipynb']);
    const links = [...document.querySelectorAll('a')];
    expect(links.map(link => link.textContent)).toEqual(['Open in VS Code Dev Containers']);
    expect(links[0].href).toContain('cloneInVolume?url=https://github.com/me/digits');
    expect(links[0].rel).toBe('noopener noreferrer');
    expect(document.body.textContent).toContain(
      "No link yet. Binder's files are not in a commit as they are."
    );
    await act(async () =>
      screen.getByRole('button', { name: 'Copy the badge of VS Code Dev Containers' }).click()
    );
    expect(scene.actions.copy.mock.calls[0][0]).toMatch(/^\[!\[Open in Dev Containers\]\(https:/);
    const next = screen.getAllByRole('button', { name: 'Copy the command' })[0];
    await act(async () => next.click());
    expect(scene.actions.copy.mock.calls[1][0]).toMatch(/^git add binder/);
    await act(async () => screen.getAllByRole('button', { name: 'In a terminal' })[0].click());
    expect(document.body.textContent).toContain('code /home/me/digits');
  });

  it('asks again when told to, and says why there is no answer', async () => {
    const api = new AnswersApi();
    await opened(api);
    api.errors.set('share', refusal(409, 'configuration', 'line 2, column 9: "," expected'));
    await act(async () => screen.getByRole('button', { name: 'Check again' }).click());
    await settle();
    expect(document.body.textContent).toContain('line 2, column 9: "," expected');
    await act(async () => screen.getByRole('button', { name: 'Check again' }).click());
    await settle();
    expect(document.querySelectorAll('a')).toHaveLength(1);
  });
});

describe('badge and status item', () => {
  it.each([
    ['fresh', 'Devbox: Host', '', 'Host'],
    ['building', 'Devbox: Host, building 62 %', '62 %', 'Host · building 62 %'],
    ['box', 'Devbox: CPU', 'CPU', 'CPU'],
    ['drift', 'Devbox: CPU, 2 changes', 'CPU2', 'CPU · 2 changes']
  ])('say the same of %s', async (state, spoken, shown, status) => {
    scene = await stage(state);
    const { model, actions } = scene;
    render(
      <>
        <BadgeButton model={model} current trans={trans} onOpen={() => undefined} />
        <StatusItem model={model} actions={actions} trans={trans} />
      </>
    );
    expect(screen.getByRole('button', { name: spoken }).textContent).toBe(shown);
    const item = screen.getByTitle('Open Devbox panel');
    expect(item.textContent).toBe(status);
    await act(async () => item.click());
    expect(actions.openPanel).toHaveBeenCalled();
  });
});

describe('the menu', () => {
  it('marks where the notebook runs, and leads to the reason where it cannot', async () => {
    scene = await stage('drift');
    const anchor = document.body.appendChild(document.createElement('button'));
    const { model, actions } = scene;
    const menu = openMenu(anchor, model, actions, trans);
    await settle();
    const items = [...document.querySelectorAll('.lm-Menu-item[data-type=command]')];
    expect(items.map(item => item.querySelector('.lm-Menu-itemLabel')?.textContent)).toEqual([
      'digits · CPU2 changes not in the image',
      "digits · CUDACan't run here: Docker has no NVIDIA support",
      'Python 3 (ipykernel)On the host',
      'Open Devbox panel'
    ]);
    expect(items[0].getAttribute('aria-checked')).toBe('true');
    expect(items[1].getAttribute('aria-disabled')).toBe('true');
    menu.activeIndex = 1;
    menu.triggerActiveItem();
    await settle();
    expect(actions.openPanel).toHaveBeenCalled();
    expect(actions.switchTo).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(anchor);
  });
});

describe('the commands', () => {
  it('are all in the palette, and can be done only when they make sense', async () => {
    scene = await stage('failed');
    const app = { commands: new CommandRegistry() } as unknown as JupyterFrontEnd;
    const inPalette: string[] = [];
    const palette = { addItem: ({ command }: { command: string }) => inPalette.push(command) };
    await commands.activate(app, scene.model, scene.actions, palette, null);
    const registered = app.commands.listCommands();
    expect(inPalette.sort()).toEqual(registered.sort());
    const can = (name: string) => app.commands.isEnabled(`jupyter-devbox:${name}`);
    expect(can('retry-build')).toBe(true);
    expect(can('cancel-build')).toBe(false);
    expect(can('build')).toBe(false);
    await app.commands.execute('jupyter-devbox:retry-build');
    expect(scene.actions.retry).toHaveBeenCalledWith(scene.model.build, {
      apt: ['libgraphviz-dev']
    });
    await app.commands.execute('jupyter-devbox:switch', { name: 'python3' });
    expect(scene.actions.switchTo).toHaveBeenCalledWith('python3');
  });
});

describe("Lab's list of what runs", () => {
  it('has our boxes, and leaves those of VS Code running', async () => {
    scene = await stage('box');
    const given: IRunningSessions.IManager[] = [];
    const managers = { add: (one: IRunningSessions.IManager) => given.push(one) };
    await running.activate({} as never, scene.model, scene.actions, managers, null);
    await settle();
    const items = given[0].running({ mode: 'list' });
    expect(items.map(item => item.label())).toEqual([
      'digits · CPU',
      'a-project-with-a-rather-long-name · CPU'
    ]);
    expect(items.map(item => 'shutdown' in item)).toEqual([true, false]);
    given[0].shutdownAll();
    await settle();
    expect(scene.api.sent.filter(([name]) => name === 'stop')).toEqual([['stop', 'x1']]);
  });
});

describe('the notification', () => {
  it('comes once for a build that ended while the panel was closed', async () => {
    scene = await stage('building');
    const success = jest.spyOn(Notification, 'success').mockReturnValue('');
    const failure = jest.spyOn(Notification, 'error').mockReturnValue('');
    const panel = { id: 'jupyter-devbox-panel', isVisible: false };
    const app = { shell: { widgets: () => [panel] } } as never;
    await notify.activate(app, scene.model, scene.actions, null, null);
    const ends = async (name: string) => {
      scene.model.builds.add(aBuild('running'));
      scene.model.builds.add(aBuild(name));
      await settle();
    };
    await ends('done');
    expect(success).toHaveBeenCalledWith('The image of train.ipynb is ready.', expect.anything());
    await ends('failed');
    expect(failure.mock.calls[0][0]).toContain('pygraphviz 1.14 has to be compiled');
    await ends('cancelled');
    panel.isVisible = true;
    await ends('done');
    expect(success).toHaveBeenCalledTimes(1);
    expect(failure).toHaveBeenCalledTimes(1);
    jest.restoreAllMocks();
  });
});

describe("a cell's output", () => {
  const HTML = '<img src=x>';

  async function shown(data: unknown): Promise<CellOutput> {
    scene = await stage('fresh');
    const output = new CellOutput(scene.model, noActions(), trans);
    await act(async () => Widget.attach(output, document.body));
    const model = { data: { [MIME]: data, 'text/plain': 'digits · CPU is ready.' } };
    await act(async () => output.renderModel(model as never));
    return output;
  }

  it('switches to a kernel that is registered here, under the name it has here', async () => {
    const kernel = { name: 'digits-1a2b-cpu', display_name: HTML };
    await shown({ kind: 'ready', kernel, title: HTML, lines: [HTML] });
    expect(screen.getByRole('button', { name: 'Switch to digits · CPU…' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Open panel' })).toBeTruthy();
    expect(document.querySelector('img')).toBeNull();
  });

  it('offers no switch to what is no box of this machine', async () => {
    for (const name of ['gone', 'python3']) {
      await shown({ kind: 'ready', kernel: { name, display_name: 'digits · CPU' } });
      expect(screen.queryByRole('button', { name: /^Switch/ })).toBeNull();
      document.body.replaceChildren();
    }
  });

  it.each([[null], ['x'], [{ kind: 'ready' }], [{ kind: 'ready', kernel: { name: 1 } }]])(
    'shows the text for what is none of ours: %j',
    async data => {
      await shown(data);
      expect(document.body.textContent).toBe('digits · CPU is ready.');
    }
  );
});

describe('a graphics card', () => {
  const gpu = { index: 1, name: 'NVIDIA A10', memory: 22 * 2 ** 30, memory_used: 2 ** 31 };

  it.each([
    [{ ...gpu, utilization: 35 }, false, 'GPU 2.0 of 22 GiB, 35 % busy'],
    [{ ...gpu, utilization: null }, true, 'GPU 1 2.0 of 22 GiB'],
    [{ ...gpu, memory_used: null, utilization: 0 }, false, 'GPU 22 GiB, 0 % busy'],
    [{ ...gpu, memory: 0, memory_used: null, utilization: null }, false, 'GPU NVIDIA A10']
  ])('says how busy it is: %#', (one, several, said) => {
    expect(card(trans, one, several)).toBe(said);
  });
});

describe('a box', () => {
  const use = {
    memory: 2 ** 29,
    memory_limit: null,
    cpus: 1.26,
    cpus_limit: null,
    pids: 40,
    pids_limit: null
  };

  it.each([
    [use, ['memory 512 MiB']],
    [
      { ...use, memory_limit: 2 ** 32, pids_limit: 512 },
      ['memory 512 MiB of 4.0 GiB', 'processes 40 of 512']
    ],
    [{ ...use, memory: null, cpus_limit: 1.5 }, ['CPUs 1.3 of 1.5']],
    [{ ...use, memory: null, cpus: null, pids: null, cpus_limit: 1, pids_limit: 99 }, []]
  ])('says what it uses against its limits: %#', (one, said) => {
    expect(boxUse(trans, one)).toEqual(said);
  });
});
