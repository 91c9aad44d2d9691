import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification } from '@jupyterlab/apputils';
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { act, fireEvent, screen, waitFor } from '@testing-library/react';

import { IStage, aNotebook, stage, trans } from '../../test/lab';
import { aBuild, refusal } from '../../test/server';
import { DevboxActions } from '../actions/actions';
import { cellsRun } from '../model/switching';

const settle = () => act(async () => void (await new Promise(resolve => setTimeout(resolve, 20))));
// Lab shows a <dialog> by its style sheet, which is not here.
const theDialog = () => screen.getByRole('dialog', { hidden: true });
const changedTo = (panel: NotebookPanel) => (panel as unknown as { changedTo: string[] }).changedTo;

describe('cellsRun', () => {
  const count = (given: Parameters<typeof aNotebook>[0]) =>
    cellsRun(aNotebook({ sources: ['a', 'b', 'c'], ...given }));

  it('is nothing for counts that an earlier kernel left in the file', async () => {
    expect(await count({ counts: [1, 2, 3], counter: 0 })).toBe(0);
  });

  it('counts the cells that this kernel has run', async () => {
    expect(await count({ counts: [1, 2, null], counter: 2 })).toBe(2);
    expect(await count({ counts: [7, 14, 2], counter: 3 })).toBe(1);
  });

  it('counts one at least where all that was run is gone from the page', async () => {
    expect(await count({ counts: [null, null, null], counter: 5 })).toBe(1);
  });

  it('counts those with a number where the kernel is at work', async () => {
    expect(await count({ counts: [1, null, 2], counter: null })).toBe(2);
  });

  it('is nothing for a dead kernel', async () => {
    expect(await count({ counts: [1, 2, 3], counter: 3, status: 'dead' })).toBe(0);
  });
});

describe('the actions', () => {
  let scene: IStage;
  let actions: DevboxActions;
  const said: string[] = [];
  const send = jest.fn();
  const execute = async () => ({ content: { session: { send } } });

  async function given(state: string, notebook = aNotebook()): Promise<void> {
    scene = await stage(state, notebook);
    const app = {
      commands: { hasCommand: (id: string) => id === 'terminal:create-new', execute },
      serviceManager: { ...scene.services, terminals: { isAvailable: () => true } },
      shell: { activateById: jest.fn(), widgets: () => [], add: jest.fn() }
    } as unknown as JupyterFrontEnd;
    actions = new DevboxActions(app, scene.model, trans);
    said.length = 0;
    jest.spyOn(Notification, 'error').mockImplementation(message => {
      said.push(message);
      return '';
    });
  }

  afterEach(() => {
    act(() => Dialog.flush());
    scene.model.dispose();
    jest.restoreAllMocks();
    document.body.replaceChildren();
  });

  const press = async (name: string) => {
    await act(async () => screen.getByRole('button', { name, hidden: true }).click());
    await settle();
  };

  it('switch at once where nothing would be lost', async () => {
    await given('ready', aNotebook({ counter: 0 }));
    await actions.switchTo('digits-1a2b-cpu');
    expect(changedTo(scene.panel!)).toEqual(['digits-1a2b-cpu']);
    expect(scene.services.kernelspecs.refreshSpecs).toHaveBeenCalled();
  });

  it('ask before variables are lost, and name what the image lacks', async () => {
    const notebook = aNotebook({ sources: ['a', 'b'], counts: [1, 2], counter: 2 });
    await given('drift', notebook);
    void actions.switchTo('digits-1a2b-cuda');
    await settle();
    const dialog = theDialog();
    expect(dialog.getAttribute('aria-label')).toBe('Switch train.ipynb to digits · CUDA?');
    expect(dialog.textContent).toContain('Switch train.ipynb to digits · CUDA?');
    expect(dialog.textContent).toContain(
      'The variables of the 2 cells you have run will be gone, and the CPU kernel stops.'
    );
    expect(dialog.textContent).toContain('Not in the CUDA image: seaborn 0.13.2, scipy 1.16.2.');
    await waitFor(() => expect(document.activeElement?.textContent).toBe('Switch'));
    await press('Cancel');
    expect(changedTo(notebook)).toEqual([]);
  });

  it('ask before a restart of the same kernel, and call it one', async () => {
    const notebook = aNotebook({ sources: ['a'], counts: [1], counter: 1 });
    await given('drift', notebook);
    void actions.switchTo('digits-1a2b-cpu');
    await settle();
    expect(theDialog().getAttribute('aria-label')).toBe('Restart digits · CPU?');
    expect(theDialog().textContent).toContain('of the cell you have run will be gone. Outputs');
    await press('Restart');
    expect(changedTo(notebook)).toEqual(['digits-1a2b-cpu']);
  });

  it('ask nothing before a kernel that has died is restarted', async () => {
    const notebook = aNotebook({ sources: ['a'], counts: [1], counter: 1 });
    await given('death', notebook);
    await actions.switchTo('digits-1a2b-cpu');
    expect(changedTo(notebook)).toEqual(['digits-1a2b-cpu']);
  });

  it('wait for a kernel that Jupyter restarts by itself, and ask of what it has run', async () => {
    const notebook = aNotebook({ sources: ['a'], counts: [1], counter: 1 });
    await given('death', notebook);
    const kernel = scene.api.facts.kernel!;
    kernel.state = 'starting';
    await act(() => scene.model.refresh());
    void actions.switchTo('digits-1a2b-cpu');
    await settle();
    expect(changedTo(notebook)).toEqual([]);
    expect(screen.queryByRole('dialog', { hidden: true })).toBeNull();
    scene.api.facts = { ...scene.api.facts, kernel: { ...kernel, state: 'running' } };
    await waitFor(() => expect(theDialog().textContent).toContain('of the cell you have run'));
    await press('Restart');
    expect(changedTo(notebook)).toEqual(['digits-1a2b-cpu']);
  });

  it('do not wait for a kernel that Jupyter has given up', async () => {
    const notebook = aNotebook({ status: 'dead' });
    await given('death', notebook);
    scene.api.facts.kernel!.state = 'starting';
    await act(() => scene.model.refresh());
    await actions.switchTo('digits-1a2b-cpu');
    expect(changedTo(notebook)).toEqual(['digits-1a2b-cpu']);
  });

  it('give the keyboard back to the button that asked', async () => {
    await given('drift', aNotebook({ counts: [1], counter: 1 }));
    const opener = document.body.appendChild(document.createElement('button'));
    opener.focus();
    void actions.switchTo('digits-1a2b-cpu');
    await settle();
    await press('Cancel');
    await waitFor(() => expect(document.activeElement).toBe(opener));
  });

  it('run the cells above when asked to', async () => {
    const above = jest.spyOn(NotebookActions, 'runAllAbove').mockResolvedValue(true);
    const notebook = aNotebook({ counts: [1], counter: 1 });
    await given('box', notebook);
    void actions.switchTo('python3');
    await settle();
    await act(async () => screen.getByRole('checkbox', { hidden: true }).click());
    await press('Switch');
    expect(changedTo(notebook)).toEqual(['python3']);
    expect(above).toHaveBeenCalledTimes(1);
  });

  const field = (label: string) =>
    screen.getByLabelText(label, { selector: 'input' }) as HTMLInputElement;
  const limited = () =>
    scene.api.sent.filter(([name]) => name === 'limit').map(([, ...sent]) => sent);

  it('restart with limits: ask with those there are, write, and restart the same kernel', async () => {
    await given('box', aNotebook({ counts: [1, 2], sources: ['a', 'b'], counter: 2 }));
    void actions.restartWithLimits({ memory: '8g' });
    await settle();
    expect(theDialog().getAttribute('aria-label')).toBe('Restart digits · CPU with limits');
    expect(theDialog().textContent).toContain('variables of the 2 cells you have run will be gone');
    expect(field('Memory').value).toBe('8g');
    expect(field('CPUs').value).toBe('');
    fireEvent.change(field('CPUs'), { target: { value: ' 2 ' } });
    await press('Restart');
    expect(limited()).toEqual([['digits-1a2b-cpu', { memory: '8g', cpus: '2' }]]);
    expect(changedTo(scene.panel!)).toEqual(['restarted']);
    expect(scene.api.sent.filter(([name]) => name === 'build')).toEqual([]);
  });

  it('restart with limits, and say which the machine cannot reach', async () => {
    const warned: string[] = [];
    await given('box');
    jest.spyOn(Notification, 'warning').mockImplementation(message => {
      warned.push(message);
      return '';
    });
    const warnings = [{ code: 'limit_beyond_machine', message: 'More than it has: `9g of 8g`' }];
    scene.api.limited = { ...scene.api.limited, warnings };
    void actions.restartWithLimits({ memory: '9g' });
    await settle();
    await press('Restart');
    expect(warned).toEqual(['More than it has: `9g of 8g`']);
    expect(changedTo(scene.panel!)).toEqual(['restarted']);
  });

  it('take a limit away where its field is emptied', async () => {
    await given('box');
    void actions.restartWithLimits();
    await settle();
    fireEvent.change(field('Memory'), { target: { value: '' } });
    await press('Restart');
    expect(limited()).toEqual([['digits-1a2b-cpu', { memory: 'off' }]]);
  });

  const onCards = async (gpus: string): Promise<void> => {
    await given('box');
    const { kernel } = scene.api.facts;
    const limits = { ...kernel!.limits!, gpus };
    const cuda = {
      name: 'digits-1a2b-cuda',
      display_name: 'digits · CUDA',
      target: 'cuda' as const
    };
    scene.api.facts = { ...scene.api.facts, kernel: { ...kernel!, ...cuda, limits } };
    await scene.model.refresh();
  };

  it('ask for the cards of a CUDA box, and for those of no other', async () => {
    await onCards('all');
    void actions.restartWithLimits();
    await settle();
    expect(theDialog().textContent).toContain('Such as 0,1. Empty: all.');
    expect(field('GPUs').value).toBe('all');
    fireEvent.change(field('GPUs'), { target: { value: ' 1 ' } });
    await press('Restart');
    expect(limited()).toEqual([['digits-1a2b-cuda', { gpus: '1' }]]);
    await given('box');
    void actions.restartWithLimits();
    await settle();
    expect(screen.queryByLabelText('GPUs', { selector: 'input' })).toBeNull();
  });

  it('give all cards where the field is emptied, and ask for them again', async () => {
    await onCards('0,1');
    scene.api.errors.set('limit', refusal(400, 'bad_request', 'These are no graphics cards: `x`'));
    void actions.restartWithLimits();
    await settle();
    fireEvent.change(field('GPUs'), { target: { value: '' } });
    await press('Restart');
    expect(limited()).toEqual([['digits-1a2b-cuda', { gpus: 'all' }]]);
    expect(field('GPUs').value).toBe('');
  });

  it('ask again with what was typed where it is no limit', async () => {
    await given('box');
    scene.api.errors.set('limit', refusal(400, 'bad_request', 'This is not a size: `lots`'));
    void actions.restartWithLimits();
    await settle();
    fireEvent.change(field('Memory'), { target: { value: 'lots' } });
    await press('Restart');
    expect(screen.getByRole('alert', { hidden: true }).textContent).toBe(
      'This is not a size: lots'
    );
    expect(field('Memory').value).toBe('lots');
    await press('Cancel');
    expect(changedTo(scene.panel!)).toEqual([]);
  });

  it.each([
    ['conflict', 409, [{ targets: ['cpu'], memory: '8g' }], []],
    ['untrusted_project', 409, [], []],
    ['build', 409, [], ['This project is being built']]
  ])('restart nothing where limits are refused: %s', async (code, status, plans, says) => {
    await given('box');
    scene.api.errors.set('limit', refusal(status, code, 'This project is being built'));
    void actions.restartWithLimits({ memory: '8g' });
    await settle();
    await press('Restart');
    expect(changedTo(scene.panel!)).toEqual([]);
    const asked = scene.api.sent.filter(([name]) => name === 'plan').map(sent => sent[2]);
    expect(asked).toEqual(plans);
    expect(said.slice(0, says.length)).toEqual(says);
    expect(scene.api.sent.some(([name]) => name === 'trust')).toBe(code === 'untrusted_project');
  });

  it('open a terminal of this machine, and enter the shell of the box there', async () => {
    await given('box');
    const { boxes } = await scene.api.boxes();
    expect(actions.terminals).toBe(true);
    await actions.openTerminal(boxes[0]);
    expect(send).toHaveBeenCalledWith({ type: 'stdin', content: [`${boxes[0].shell}\r`] });
  });

  it('have no limits for what is in no box', async () => {
    await given('fresh');
    await actions.restartWithLimits();
    expect(screen.queryByRole('dialog', { hidden: true })).toBeNull();
  });

  it('say that a kernel is gone instead of switching to it', async () => {
    await given('ready');
    await actions.switchTo('gone');
    expect(said).toEqual(['This kernel is not registered any more.']);
    expect(changedTo(scene.panel!)).toEqual([]);
  });

  it('build exactly the plan that is shown', async () => {
    await given('fresh');
    await actions.containerize();
    scene.model.draft!.package('black', true);
    await actions.build();
    expect(scene.api.sent.find(([name]) => name === 'build')).toEqual([
      'build',
      { path: 'digits/train.ipynb', kernel: 'k1' },
      { include: ['black'], exclude: [] },
      { digest: 'd1', write_only: false }
    ]);
    expect(scene.model.draft).toBeNull();
    expect(scene.model.state.kind).toBe('building');
  });

  it('make the plan again where it no longer fits', async () => {
    await given('fresh');
    await actions.containerize();
    scene.api.errors.set('build', refusal(409, 'plan_changed', 'The plan has changed'));
    await actions.build();
    expect(scene.model.draft?.plan).toBeTruthy();
    expect(scene.api.sent.filter(([name]) => name === 'plan')).toHaveLength(2);
    expect(said).toEqual(['The plan has changed']);
  });

  it('retry with the cure on top of the first wishes', async () => {
    await given('failed');
    const build = aBuild('failed', { edits: { apt: ['ffmpeg'], targets: ['cpu'] } });
    await actions.retry(build, { apt: ['libgraphviz-dev'] });
    expect(scene.api.sent.find(([name]) => name === 'build')?.[2]).toEqual({
      apt: ['ffmpeg', 'libgraphviz-dev'],
      targets: ['cpu']
    });
  });

  it('show what is to be approved, and approve only what was ticked', async () => {
    await given('unapproved');
    void actions.review();
    await settle();
    const dialog = theDialog();
    expect(dialog.textContent).toContain('+RUN echo <b>hi</b>');
    expect(dialog.querySelector('pre b')).toBeNull();
    expect(document.activeElement?.textContent).toBe('Cancel');
    await act(async () => screen.getAllByRole('checkbox', { hidden: true })[1].click());
    await press('Approve');
    expect(scene.api.sent.find(([name]) => name === 'approve')).toEqual([
      'approve',
      'digits/train.ipynb',
      't1',
      ['def456']
    ]);
  });

  it('show the files again where they changed while they were read', async () => {
    await given('unapproved');
    scene.api.errors.set('approve', refusal(409, 'trust_changed'));
    void actions.review();
    await settle();
    await press('Approve');
    expect(screen.getByRole('alert', { hidden: true }).textContent).toContain(
      'have changed meanwhile'
    );
    await press('Cancel');
    expect(scene.api.sent.filter(([name]) => name === 'approve')).toHaveLength(1);
  });

  it('put what the running box has into the image', async () => {
    await given('drift');
    await actions.addToImage();
    expect(scene.api.sent.find(([name]) => name === 'build')).toEqual([
      'build',
      { path: 'digits/train.ipynb', kernel: 'k1' },
      {},
      { sync: true }
    ]);
    expect(scene.model.state.kind).toBe('building');
  });

  it('lead to the files where a build is refused for them', async () => {
    await given('drift');
    scene.api.errors.set('build', refusal(409, 'untrusted_project'));
    void actions.addToImage();
    await settle();
    expect(theDialog().textContent).toContain('Approve digits on this machine?');
  });
});
