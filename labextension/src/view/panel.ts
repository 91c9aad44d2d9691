import type { ITranslator } from '@jupyterlab/translation';
import { AccordionToolbar, SidePanel } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { AccordionPanel, Title, Widget } from '@lumino/widgets';

import { boxIcon } from '../icons';
import type { IView } from './context';
import { SectionWidget } from './section';
import { SECTIONS } from './sections';

export const PANEL_ID = 'jupyter-devbox-panel';

/**
 * Section titles that are buttons, with a summary at their end.
 *
 * Lumino's are headings that open and shut their section, which no heading may do.
 */
class TitleRenderer extends AccordionToolbar.Renderer {
  override createSectionTitle(title: Title<Widget>): HTMLElement {
    const heading = super.createSectionTitle(title);
    const handle = document.createElement('div');
    for (const { name, value } of [...heading.attributes]) {
      handle.setAttribute(name, value);
    }
    handle.setAttribute('role', 'button');
    handle.append(...heading.childNodes);
    if (title.owner instanceof SectionWidget) {
      handle.append(title.owner.summary);
    }
    return handle;
  }
}

/** The panel in the left side bar. */
export class DevboxPanel extends SidePanel {
  constructor(
    private readonly _view: IView,
    translator: ITranslator
  ) {
    super({ renderer: new TitleRenderer(), translator });
    const { trans } = _view;
    this.id = PANEL_ID;
    this.title.icon = boxIcon;
    this.title.caption = trans.__('Devbox');
    this.addClass('jp-Devbox-panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Devbox'));
    this.content.node.removeAttribute('role');
    this.content.node.removeAttribute('aria-label');
    SECTIONS.forEach((section, n) => {
      this.addWidget(new SectionWidget(section, _view));
      const content = this.content as AccordionPanel;
      content.titles[n].removeAttribute('aria-label'); // its name is all its text
      if (!section.open) {
        content.collapse(n);
      }
    });
    (this.content as AccordionPanel).expansionToggled.connect(this._share, this);
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._look();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this._look();
    }
  }

  protected override onBeforeHide(msg: Message): void {
    this._leave();
    super.onBeforeHide(msg);
  }

  protected override onBeforeDetach(msg: Message): void {
    this._leave();
    super.onBeforeDetach(msg);
  }

  /** Give each open section its part of the height; one that is opened gets none by itself. */
  private _share(content: AccordionPanel): void {
    const parts = content.widgets.map((widget, n) =>
      widget.isHidden ? 0 : SECTIONS[n].open ? 2 : 1
    );
    content.setRelativeSizes(parts);
  }

  /** Keep fresh what the titles say. What is not looked at is not asked for. */
  private _look(): void {
    this._leave();
    this._stops = SECTIONS.flatMap(section => section.watch?.(this._view.model) ?? []);
  }

  private _leave(): void {
    this._stops.forEach(stop => stop());
    this._stops = [];
  }

  private _stops: (() => void)[] = [];
}
