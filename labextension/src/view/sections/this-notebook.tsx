import React from 'react';

import { ThisNotebook } from '../notebook/this-notebook';
import type { ISection } from './index';

export const thisNotebook: ISection = {
  id: 'this-notebook',
  title: trans => trans.__('This notebook'),
  body: () => <ThisNotebook />,
  open: true
};
