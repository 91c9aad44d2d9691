import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog } from '@jupyterlab/apputils';
import { ITranslator, TranslationBundle, nullTranslator } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { runs } from '../model/state';
import { IDevboxActions, IDevboxModel } from '../tokens';
import { DOMAIN } from './domain';

type Options = CommandRegistry.ICommandOptions;

/** Everything that the panel can do, for the palette, shortcuts and other extensions. */
export const commands: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-devbox:commands',
  description: 'Everything that the panel can do, as commands.',
  autoStart: true,
  requires: [IDevboxModel, IDevboxActions],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: IDevboxModel,
    actions: IDevboxActions,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const all = options(model, actions, trans);
    for (const [name, option] of Object.entries(all)) {
      const command = `jupyter-devbox:${name}`;
      app.commands.addCommand(command, option);
      palette?.addItem({ command, category: trans.__('Devbox') });
    }
    model.changed.connect(() => {
      Object.keys(all).forEach(name => app.commands.notifyCommandChanged(`jupyter-devbox:${name}`));
    });
  }
};

function options(
  model: IDevboxModel,
  actions: IDevboxActions,
  trans: TranslationBundle
): { [name: string]: Options } {
  const { state, build } = {
    state: (...kinds: string[]) => kinds.includes(model.state.kind),
    build: (...states: string[]) => !!model.build && states.includes(model.build.state)
  };
  const open = (): boolean => !!model.facts;
  return {
    'open-panel': {
      label: trans.__('Open Devbox Panel'),
      execute: () => actions.openPanel()
    },
    containerize: {
      label: trans.__('Containerize This Notebook…'),
      isEnabled: () => open() && !build('running'),
      execute: () => actions.containerize()
    },
    'use-venv': {
      label: trans.__('Use a Virtual Environment for This Notebook…'),
      isEnabled: () => open() && !build('running'),
      execute: () => actions.containerize({ targets: ['venv'] })
    },
    build: {
      label: trans.__('Build the Plan'),
      isEnabled: () => state('plan'),
      execute: () => actions.build()
    },
    'write-files': {
      label: trans.__('Write the Files of the Plan Only'),
      isEnabled: () => state('plan'),
      execute: () => actions.build(true)
    },
    'close-plan': {
      label: trans.__('Leave the Plan'),
      isEnabled: () => state('plan'),
      execute: () => model.closePlan()
    },
    'add-to-image': {
      label: trans.__('Add Changes to the Image'),
      isEnabled: () => state('drift'),
      execute: () => actions.addToImage()
    },
    switch: {
      label: args =>
        args.name
          ? trans.__('Switch to %1…', String(args.label ?? args.name))
          : trans.__('Switch This Notebook to Another Kernel…'),
      isEnabled: open,
      execute: async args => {
        const name = args.name ? String(args.name) : await chooseKernel(model, trans);
        return name ? actions.switchTo(name) : undefined;
      }
    },
    'restart-with-limits': {
      label: trans.__('Restart This Kernel With Limits…'),
      isEnabled: () => !!model.facts?.kernel?.limits && !build('running'),
      execute: () => actions.restartWithLimits()
    },
    'cancel-build': {
      label: trans.__('Cancel Build'),
      isEnabled: () => build('running'),
      execute: () => model.build && actions.cancel(model.build)
    },
    'retry-build': {
      label: trans.__('Build Again'),
      isEnabled: () => build('failed', 'cancelled', 'interrupted'),
      execute: () => model.build && actions.retry(model.build, model.build.problem?.fix?.edits)
    },
    'open-log': {
      label: trans.__('Open Build Log'),
      isEnabled: () => !!model.build,
      execute: () => model.build && actions.openLog(model.build)
    },
    'copy-log': {
      label: trans.__('Copy Build Log'),
      isEnabled: () => !!model.build,
      execute: () => model.build && actions.copy(model.builds.text(model.build.id))
    },
    'review-files': {
      label: trans.__('Look at the Files to Approve…'),
      isEnabled: open,
      execute: () => actions.review()
    },
    'stop-box': {
      label: trans.__('Stop a Box…'),
      execute: async args => {
        const id = args.id ? String(args.id) : await chooseBox(model, trans);
        return id ? actions.stopBox(id) : undefined;
      }
    },
    prune: {
      label: trans.__('Remove Unused Images…'),
      execute: () => actions.prune()
    },
    'check-again': {
      label: trans.__('Look at the Notebook and the Engine Again'),
      execute: () => actions.checkAgain()
    }
  };
}

async function chooseKernel(
  model: IDevboxModel,
  trans: TranslationBundle
): Promise<string | undefined> {
  const facts = model.facts;
  const specs = [
    ...(facts?.kernels ?? []).filter(spec => !facts || runs(facts, spec)),
    ...model.hostKernels
  ].filter(spec => spec.name !== facts?.kernel?.name);
  const names = specs.map(spec => spec.display_name);
  return choose(trans.__('Switch to'), names, specs, spec => spec.name);
}

async function chooseBox(
  model: IDevboxModel,
  trans: TranslationBundle
): Promise<string | undefined> {
  await model.boxes.refresh();
  const boxes = (model.boxes.value?.boxes ?? []).filter(box => box.running && !box.foreign);
  const names = boxes.map(box => `${box.project.name} · ${box.target.toUpperCase()}`);
  return choose(trans.__('Stop the box'), names, boxes, box => box.id);
}

/** Let the user choose one; undefined if there is none, or they choose none. */
async function choose<T>(
  title: string,
  names: string[],
  items: readonly T[],
  key: (item: T) => string
): Promise<string | undefined> {
  if (!items.length) {
    return undefined;
  }
  const { button, value } = await InputDialog.getItem({ title, items: names });
  return button.accept && value !== null ? key(items[names.indexOf(value)]) : undefined;
}
