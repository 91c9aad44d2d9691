import { Time } from '@jupyterlab/coreutils';
import React from 'react';

import type { IImage } from '../../api/answers';
import { size } from '../../units';
import { sentence } from '../../words';
import { useView } from '../context';
import { Hint, KernelName, NextSteps, Prose, Secondary } from '../parts/basics';
import { Empty, More, Unanswered } from '../parts/empty';
import type { ISection } from './index';

const FIRST = 50;

export const images: ISection = {
  id: 'images',
  title: trans => trans.__('Images'),
  body: () => <Images />,
  summary: (model, trans) => {
    const value = model.images.value;
    if (!value) {
      return '';
    }
    if (!value.engine.ok) {
      return trans.__('not available');
    }
    return value.images.length ? size(value.bytes) : trans.__('none');
  },
  signals: model => [model.images.changed],
  watch: model => model.images.watch()
};

function Images(): React.ReactElement {
  const { actions, model, trans } = useView();
  const { value, problem } = model.images;
  if (!value) {
    return (
      <div className="jp-Devbox-section">
        {problem ? (
          <Unanswered problem={problem} />
        ) : (
          <p role="status">{trans.__('Looking for images…')}</p>
        )}
      </div>
    );
  }
  const { engine } = value;
  // A long list without a button would leave the keyboard nothing to scroll it by.
  return (
    <div className="jp-Devbox-section" tabIndex={0} role="group" aria-label={trans.__('Images')}>
      {!engine.ok && (
        <>
          <p>
            <Prose text={sentence(engine.message)} />
          </p>
          <NextSteps text={engine.hint} />
        </>
      )}
      {engine.ok && !value.images.length && <Empty>{trans.__('No images yet.')}</Empty>}
      <More items={value.images} first={FIRST}>
        {image => <ImageRow key={image.id} image={image} />}
      </More>
      {value.images.length > 0 && (
        <div className="jp-Devbox-stack8">
          {value.prunable_bytes > 0 ? (
            <Secondary onClick={actions.prune}>
              {trans.__('Remove unused… (frees %1)', size(value.prunable_bytes))}
            </Secondary>
          ) : (
            <Hint>{trans.__('All of them are used.')}</Hint>
          )}
        </div>
      )}
    </div>
  );
}

function ImageRow({ image }: { image: IImage }): React.ReactElement {
  const { trans } = useView();
  const name = image.project ? `${image.project.name} · ${image.target.toUpperCase()}` : image.name;
  const parts = [
    image.own_bytes === null
      ? size(image.bytes)
      : trans.__('%1, %2 its own', size(image.bytes), size(image.own_bytes)),
    image.last_used
      ? trans.__('used %1', Time.formatHuman(image.last_used))
      : trans.__('made %1', Time.formatHuman(image.created)),
    image.used || trans.__('unused')
  ];
  return (
    <li className="jp-Devbox-item">
      <div className="jp-Devbox-grow">
        <KernelName name={name} strong />
        <p className="jp-Devbox-dim jp-Devbox-small">{parts.join(' · ')}</p>
      </div>
    </li>
  );
}
