import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import type React from 'react';

import type { IDevboxModel } from '../../tokens';
import { builds } from './builds';
import { images } from './images';
import { kernels } from './kernels';
import { ports } from './ports';
import { share } from './share';
import { thisNotebook } from './this-notebook';

/** One section of the panel: a file beside this one, and a row below. */
export interface ISection {
  id: string;
  title: (trans: TranslationBundle) => string;
  body: () => React.ReactElement;
  /** What stands in the section's title, open or not. */
  summary?: (model: IDevboxModel, trans: TranslationBundle) => string;
  /** What the section is drawn again for, besides the model. */
  signals?: (model: IDevboxModel) => ISignal<unknown, unknown>[];
  /** Keep fresh what the section shows, until the returned function is called. */
  watch?: (model: IDevboxModel) => () => void;
  open?: boolean;
}

export const SECTIONS: readonly ISection[] = [thisNotebook, kernels, ports, builds, images, share];
