import React from 'react';

import type { IOffer } from '../../api/answers';
import type { IDevboxModel, IShared } from '../../tokens';
import { sentence } from '../../words';
import { useView } from '../context';
import { Command, Disclosure, Hint, Mini, NextSteps, Prose, Secondary } from '../parts/basics';
import { Unanswered } from '../parts/empty';
import type { ISection } from './index';

export const share: ISection = {
  id: 'share',
  title: trans => trans.__('Share'),
  body: () => <Share />,
  summary: (model, trans) => {
    const shared = sharedOf(model)?.sharing;
    if (!shared) {
      return '';
    }
    const count = shared.offers.filter(offer => offer.url).length;
    return count ? trans._n('%1 link', '%1 links', count) : trans.__('no link yet');
  },
  signals: model => [model.sharing.changed],
  watch: model => model.sharing.watch()
};

/** Return the answer about the notebook in front; undefined while only another's is there. */
function sharedOf(model: IDevboxModel): IShared | undefined {
  const { value } = model.sharing;
  return value?.path === (model.current.subject?.path ?? null) ? value : undefined;
}

function Share(): React.ReactElement {
  const { model, trans } = useView();
  const shared = sharedOf(model);
  const { problem } = model.sharing;
  return (
    <div className="jp-Devbox-section">
      {problem ? (
        <Unanswered problem={problem} />
      ) : !shared ? (
        <p role="status">{trans.__('Looking for the repository…')}</p>
      ) : !shared.sharing ? (
        <p>{trans.__('Open a notebook to see where its project can be opened.')}</p>
      ) : (
        <>
          <ul className="jp-Devbox-list">
            {shared.sharing.offers.map(offer => (
              <OfferRow key={offer.id} offer={offer} />
            ))}
          </ul>
          <Hint>
            {trans.__('A link opens what was pushed, for whoever may read the repository.')}
          </Hint>
        </>
      )}
      {(problem || shared?.sharing) && (
        <Secondary onClick={() => model.sharing.refresh()}>{trans.__('Check again')}</Secondary>
      )}
    </div>
  );
}

function OfferRow({ offer }: { offer: IOffer }): React.ReactElement {
  const { actions, trans } = useView();
  const { badge, title, url } = offer;
  return (
    <li className="jp-Devbox-item">
      <div className="jp-Devbox-grow jp-Devbox-stack4">
        <div className="jp-Devbox-name">{title}</div>
        {url && badge ? (
          <div className="jp-Devbox-row jp-mod-wrap">
            <a className="jp-Devbox-link" href={url} target="_blank" rel="noopener noreferrer">
              {trans.__('Open in %1', title)}
            </a>
            <Mini label={trans.__('Copy the link to %1', title)} onClick={() => actions.copy(url)}>
              {trans.__('Copy link')}
            </Mini>
            <Mini
              label={trans.__('Copy the badge of %1', title)}
              onClick={() => actions.copy(badge)}
            >
              {trans.__('Copy badge')}
            </Mini>
          </div>
        ) : (
          <>
            <p className="jp-Devbox-small">
              <Prose text={`${trans.__('No link yet.')} ${sentence(offer.reason)}`} />
            </p>
            <NextSteps text={offer.hint} />
          </>
        )}
        <Disclosure label={trans.__('In a terminal')}>
          <Command text={offer.command} />
        </Disclosure>
      </div>
    </li>
  );
}
