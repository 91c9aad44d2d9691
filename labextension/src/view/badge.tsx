import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { boxIcon } from '../icons';
import { percent, standing } from '../model/standing';
import type { IDevboxModel } from '../tokens';
import { label } from '../words';

/** The badge in a notebook's toolbar; it opens a menu below itself. */
export class BadgeWidget extends ReactWidget {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _model: IDevboxModel,
    private readonly _trans: TranslationBundle,
    private readonly _open: (button: HTMLElement) => void
  ) {
    super();
    this.addClass('jp-Devbox-badgeItem');
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this._model.changed}>
        {() => (
          <BadgeButton
            model={this._model}
            current={this._model.current.panel === this._panel}
            trans={this._trans}
            onOpen={this._open}
          />
        )}
      </UseSignal>
    );
  }
}

export function BadgeButton(props: {
  model: IDevboxModel;
  /** Whether this is the toolbar of the notebook that the model is about. */
  current: boolean;
  trans: TranslationBundle;
  onOpen: (button: HTMLElement) => void;
}): React.ReactElement {
  const { model, trans, onOpen } = props;
  const now = standing(model);
  // What was shown last stays while another notebook is in front.
  const last = React.useRef(now);
  if (props.current) {
    last.current = now;
  }
  const shown = last.current;
  const target = shown?.target ?? 'host';
  const building = shown?.building ?? null;
  const changes = shown?.changes ?? 0;
  const spoken = [
    trans.__('Devbox: %1', label(trans, target)),
    building === null ? '' : trans.__('building %1 %', percent(building)),
    changes ? trans._n('%1 change', '%1 changes', changes) : ''
  ];
  return (
    <Button
      type="button"
      className="jp-Devbox-badgeButton"
      aria-haspopup="menu"
      aria-label={spoken.filter(part => part).join(', ')}
      title={trans.__('Where this notebook runs')}
      onClick={event => onOpen(event.currentTarget)}
    >
      <boxIcon.react tag="span" aria-hidden="true" className="jp-Devbox-icon" />
      {building !== null && (
        <span className="jp-Devbox-num">{trans.__('%1 %', percent(building))}</span>
      )}
      {building === null && target !== 'host' && <span>{target.toUpperCase()}</span>}
      {changes > 0 && <span className="jp-Devbox-count">{changes}</span>}
    </Button>
  );
}
