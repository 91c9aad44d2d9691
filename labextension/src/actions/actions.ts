import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { Terminal } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IAsk, IBox, IBuild, IEdits, ILimits, IProblem, Target } from '../api/answers';
import { IBuildOptions, ISubject, problemOf } from '../api/requests';
import { cellsRun, settled } from '../model/switching';
import type { IDevboxActions, IDevboxModel } from '../tokens';
import { size } from '../units';
import { askForLimits } from '../view/dialogs/limits';
import { askToSwitch } from '../view/dialogs/switch';
import { askToTrust } from '../view/dialogs/trust';
import { logTab } from '../view/log-tab';
import { PANEL_ID } from '../view/panel';
import { label, sentence } from '../words';
import { limitEdits, withFix } from './edits';

/** Lab's own command for a terminal, and the part of what it returns that is used here. */
const TERMINAL = 'terminal:create-new';

interface ITerminalWidget {
  content: { session: Pick<Terminal.ITerminalConnection, 'send'> };
}

/** Answers of the server that only the plan can settle. */
const ASKS_BACK = ['conflict', 'outside_module', 'unresolved_import', 'plan_changed'];

/** What a user can do. Each action asks what it must, and says what went wrong. */
export class DevboxActions implements IDevboxActions {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _model: IDevboxModel,
    private readonly _trans: TranslationBundle
  ) {}

  containerize = async (edits: IEdits = {}, filesOnly = false): Promise<void> => {
    await this.openPanel();
    await this._model.openPlan(edits, filesOnly);
  };

  build = async (filesOnly = false): Promise<void> => {
    const draft = this._model.draft;
    if (!draft) {
      return this.containerize();
    }
    await draft.settled();
    if (draft.plan && !draft.problem && !draft.blocked) {
      await this._build(draft.subject, draft.edits, {
        digest: draft.plan.digest,
        write_only: filesOnly
      });
    }
  };

  retry = async (build: IBuild, fix: IEdits = {}): Promise<void> => {
    const here = this._model.current.subject;
    const subject = here?.path === build.path ? here : { path: build.path };
    await this._build(subject, withFix(build.edits, fix), { write_only: build.write_only });
  };

  addToImage = async (): Promise<void> => {
    const subject = this._model.current.subject;
    if (subject) {
      await this._build(subject, {}, { sync: true });
    }
  };

  cancel = (build: IBuild): Promise<void> => this._try(() => this._model.builds.cancel(build.id));

  switchTo = async (name: string): Promise<void> => {
    const panel = this._model.current.panel;
    if (panel) {
      await this._try(() => this._switch(panel, name));
    }
  };

  restartWithLimits = (suggested: Partial<ILimits> = {}): Promise<void> =>
    this._try(async () => {
      const { panel, subject } = this._model.current;
      const facts = this._model.facts;
      const limits = facts?.kernel?.limits;
      if (!panel || !subject || !facts?.kernel || !limits) {
        return;
      }
      const { display_name: kernel, name, target } = facts.kernel;
      const cells = await this._cellsRun(panel);
      const cards = limits.gpus !== null;
      let wanted: ILimits = { ...limits, ...suggested };
      for (let problem = ''; ;) {
        const question = { kernel, limits: wanted, cards, cells, problem };
        const answer = await askForLimits(this._trans, question);
        if (!answer) {
          return;
        }
        wanted = answer;
        const edits = limitEdits(limits, wanted);
        try {
          const { warnings } = await this._model.api.limit(name, edits);
          warnings.forEach(({ message }) => Notification.warning(sentence(message)));
        } catch (error) {
          const said = problemOf(error);
          if (said.code !== 'bad_request') {
            return this._refused(said, subject, { targets: [target as Target], ...edits });
          }
          problem = said.message;
          continue;
        }
        return panel.sessionContext.restartKernel();
      }
    });

  review = (): Promise<void> =>
    this._try(async () => {
      const path = this._model.current.subject?.path;
      if (path === undefined) {
        return;
      }
      for (let changed = false; ; changed = true) {
        const trust = await this._model.api.trust(path);
        const allow = await askToTrust(this._trans, trust, changed);
        if (!allow || (await this._approve(path, trust.digest, allow))) {
          break;
        }
      }
      await this._model.refresh();
      await this._model.draft?.again();
    });

  stopBox = (id: string): Promise<void> =>
    this._try(async () => {
      const box = this._model.boxes.value?.boxes.find(one => one.id === id);
      if (!box || !(await this._askToStop(box.project.name, box.kernels.length))) {
        return;
      }
      await this._model.api.stop(id);
      await this._model.boxes.refresh();
    });

  get terminals(): boolean {
    const { commands, serviceManager } = this._app;
    return serviceManager.terminals.isAvailable() && commands.hasCommand(TERMINAL);
  }

  /** Open Lab's own terminal, on this machine, and enter there what leads into the box. */
  openTerminal = (box: IBox): Promise<void> =>
    this._try(async () => {
      const { content }: ITerminalWidget = await this._app.commands.execute(TERMINAL);
      content.session.send({ type: 'stdin', content: [`${box.shell}\r`] });
    });

  startTensorboard = (): Promise<void> =>
    this._try(async () => {
      const path = this._model.current.subject?.path;
      if (path !== undefined) {
        await this._model.api.tensorboard(path);
        await this._model.ports.refresh();
      }
    });

  prune = (): Promise<void> =>
    this._try(async () => {
      const trans = this._trans;
      const { removed } = await this._model.api.prune(true);
      const bytes = removed.reduce((sum, thing) => sum + thing.bytes, 0);
      if (!removed.length) {
        Notification.info(trans.__('Nothing is unused.'));
        return;
      }
      const answer = await showDialog({
        title: trans.__('Remove what is unused?'),
        body: trans._n(
          'Frees %2: %1 thing that Devbox made and nothing uses any more. Your files stay.',
          'Frees %2: %1 things that Devbox made and nothing uses any more. Your files stay.',
          removed.length,
          size(bytes)
        ),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Cancel') }),
          Dialog.warnButton({ label: trans.__('Remove') })
        ]
      });
      if (answer.button.accept) {
        await this._model.api.prune(false);
        await Promise.all([this._model.images.refresh(), this._model.boxes.refresh()]);
      }
    });

  answer = (ask: IAsk, accept: boolean): Promise<void> =>
    this._try(async () => {
      const { build } = await this._model.api.answer(ask.id, accept);
      if (build) {
        this._model.builds.add(build);
      }
      await this._model.asks.refresh();
    });

  openLog = async (build: IBuild): Promise<void> => {
    const id = `jupyter-devbox-log-${build.id}`;
    const { shell } = this._app;
    if (![...shell.widgets('main')].some(widget => widget.id === id)) {
      const view = { model: this._model, actions: this, trans: this._trans };
      shell.add(logTab(view, build.id), 'main');
    }
    shell.activateById(id);
  };

  copy = (text: string | Promise<string>): Promise<void> =>
    this._try(async () => navigator.clipboard.writeText(await text));

  save = (): Promise<void> => this._try(() => this._model.current.save());

  checkAgain = async (): Promise<void> => {
    const { boxes, images } = this._model;
    boxes.expire();
    images.expire();
    await this._model.connect();
    await this._model.draft?.again();
  };

  openPanel = async (): Promise<void> => {
    this._app.shell.activateById(PANEL_ID);
  };

  private async _build(subject: ISubject, edits: IEdits, options: IBuildOptions): Promise<void> {
    try {
      await this._model.startBuild(subject, edits, options);
    } catch (error) {
      await this._refused(problemOf(error), subject, edits, options.write_only);
    }
  }

  /** Lead to what stands in the way of a build. */
  private async _refused(
    problem: IProblem,
    subject: ISubject,
    edits: IEdits,
    filesOnly = false
  ): Promise<void> {
    const here = subject.path === this._model.current.subject?.path;
    if (problem.code === 'untrusted_project' && here) {
      await this.review();
    } else if (ASKS_BACK.includes(problem.code) && here) {
      const draft = this._model.draft;
      await (draft ? draft.again() : this.containerize(edits, filesOnly));
      this._say(problem);
    } else {
      this._say(problem);
    }
  }

  /** Return how many cells left variables; a kernel that has ended has none, and does not answer. */
  private async _cellsRun(panel: NotebookPanel): Promise<number> {
    await settled(this._model, panel);
    return this._model.facts?.kernel?.state === 'ended' ? 0 : cellsRun(panel);
  }

  private async _switch(panel: NotebookPanel, name: string): Promise<void> {
    const { sessionContext } = panel;
    const kernelspecs = this._app.serviceManager.kernelspecs;
    await kernelspecs.refreshSpecs();
    const spec = kernelspecs.specs?.kernelspecs[name];
    if (!spec) {
      Notification.error(this._trans.__('This kernel is not registered any more.'));
      return;
    }
    const cells = await this._cellsRun(panel);
    let runAbove = false;
    if (cells > 0) {
      const facts = this._model.facts;
      const from = facts?.kernel?.target;
      const answer = await askToSwitch(this._trans, {
        notebook: panel.title.label,
        kernel: spec.display_name,
        restart: facts?.kernel?.name === name,
        from: from && from !== 'host' ? label(this._trans, from) : '',
        cells,
        missing: spec.metadata?.jupyter_devbox
          ? (facts?.drift ?? []).filter(one => one.kind !== 'removed')
          : []
      });
      if (!answer) {
        return;
      }
      runAbove = answer.runAbove;
    }
    await sessionContext.changeKernel({ name });
    if (runAbove) {
      await NotebookActions.runAllAbove(panel.content, sessionContext);
    }
  }

  private async _approve(path: string, digest: string, allow: string[]): Promise<boolean> {
    try {
      await this._model.api.approve(path, digest, allow);
      return true;
    } catch (error) {
      if (problemOf(error).code === 'trust_changed') {
        return false;
      }
      throw error;
    }
  }

  private async _askToStop(project: string, kernels: number): Promise<boolean> {
    const trans = this._trans;
    if (!kernels) {
      return true;
    }
    const answer = await showDialog({
      title: trans.__('Stop the box of %1?', project),
      body: trans._n(
        'Its kernel ends, and its variables will be gone. Outputs and files stay.',
        'Its %1 kernels end, and their variables will be gone. Outputs and files stay.',
        kernels
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Stop') })
      ]
    });
    return answer.button.accept;
  }

  private async _try(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this._say(problemOf(error));
    }
  }

  private _say({ message, hint }: IProblem): void {
    Notification.error(hint ? this._trans.__('%1. Next: %2', message, hint) : message);
  }
}
