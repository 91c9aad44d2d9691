import type { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { ElementARIAAttrs, VirtualElement, h } from '@lumino/virtualdom';
import { Menu } from '@lumino/widgets';

import { runs } from '../model/state';
import type { IDevboxActions, IDevboxModel } from '../tokens';
import { goingOn } from '../words';

/** A row of the menu: a kernel, or something else to do. */
interface IRow {
  label: string;
  detail: string;
  /** False where it cannot be done here; the row then leads to the reason. */
  can: boolean;
  checked: boolean;
  run: () => unknown;
}

/** Menu rows of two lines; one that cannot be done says so, and can still be reached. */
class Renderer extends MenuSvg.Renderer {
  override renderLabel(data: Menu.IRenderData): VirtualElement {
    if (data.item.type !== 'command') {
      return super.renderLabel(data);
    }
    const { caption } = data.item;
    return h.div(
      { className: 'lm-Menu-itemLabel jp-Devbox-menuLabel' },
      h.span(data.item.label),
      ...(caption ? [h.span({ className: 'jp-Devbox-menuDetail' }, caption)] : [])
    );
  }

  /** Lumino's separators can be focused, and so are no separators for a screen reader. */
  override renderItem(data: Menu.IRenderData): VirtualElement {
    if (data.item.type !== 'separator') {
      return super.renderItem(data);
    }
    return h.li(
      {
        className: this.createItemClass(data),
        dataset: this.createItemDataset(data),
        role: 'separator'
      },
      this.renderIcon(data),
      this.renderLabel(data),
      this.renderShortcut(data),
      this.renderSubmenu(data)
    );
  }

  override createItemARIA(data: Menu.IRenderData): ElementARIAAttrs {
    const aria = super.createItemARIA(data);
    return data.item.className.includes('jp-mod-cannot')
      ? { ...aria, 'aria-disabled': 'true' }
      : aria;
  }
}

/** Open the badge's menu below it. */
export function openMenu(
  anchor: HTMLElement,
  model: IDevboxModel,
  actions: IDevboxActions,
  trans: TranslationBundle
): Menu {
  const commands = new CommandRegistry();
  const menu = new Menu({ commands, renderer: new Renderer() });
  menu.addClass('jp-ThemedContainer');
  menu.addClass('jp-Devbox-menu');
  menu.title.label = trans.__('Where this notebook runs');
  kernelRows(model, actions, trans).forEach((row, n) => add(menu, `kernel-${n}`, row));
  if (menu.items.length) {
    menu.addItem({ type: 'separator' });
  }
  otherRows(model, actions, trans).forEach((row, n) => add(menu, `other-${n}`, row));
  menu.aboutToClose.connect(() => {
    // Its commands run after it has closed; the keyboard goes back to the badge before. A tool
    // bar hands a focus from outside to the item it had last, but leaves one from within alone.
    anchor.focus();
    anchor.focus();
    setTimeout(() => menu.dispose());
  });
  const { left, bottom } = anchor.getBoundingClientRect();
  menu.open(left, bottom);
  return menu;
}

function add(menu: Menu, command: string, row: IRow): void {
  menu.commands.addCommand(command, {
    label: row.label,
    caption: row.detail,
    className: row.can ? '' : 'jp-mod-cannot',
    isToggleable: row.checked,
    isToggled: () => row.checked,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => row.run()
  });
  menu.addItem({ command });
}

function kernelRows(
  model: IDevboxModel,
  actions: IDevboxActions,
  trans: TranslationBundle
): IRow[] {
  const facts = model.facts;
  if (!facts) {
    return [];
  }
  const here = facts.kernel?.name;
  const ours = facts.kernels.map(spec => {
    const state = facts.targets.find(target => target.target === spec.target);
    const can = runs(facts, spec);
    const changes = facts.drift.length;
    return {
      label: spec.display_name,
      detail: !can
        ? trans.__("Can't run here: %1", goingOn(state?.reason ?? ''))
        : spec.name === here && changes
          ? trans._n('%1 change not in the image', '%1 changes not in the image', changes)
          : '',
      can,
      checked: spec.name === here,
      run: () => (can && spec.name !== here ? actions.switchTo(spec.name) : actions.openPanel())
    };
  });
  const hosts = model.hostKernels.map(spec => ({
    label: spec.display_name,
    detail: trans.__('On the host'),
    can: true,
    checked: spec.name === here,
    run: () => (spec.name === here ? actions.openPanel() : actions.switchTo(spec.name))
  }));
  return [...ours, ...hosts];
}

function otherRows(model: IDevboxModel, actions: IDevboxActions, trans: TranslationBundle): IRow[] {
  const row = (label: string, run: () => unknown): IRow => ({
    label,
    detail: '',
    can: true,
    checked: false,
    run
  });
  const fresh = model.facts && !model.facts.kernels.length && model.build?.state !== 'running';
  return [
    ...(fresh ? [row(trans.__('Containerize…'), () => actions.containerize())] : []),
    row(trans.__('Open Devbox panel'), () => actions.openPanel())
  ];
}
