/** The name of our translations. */
export const DOMAIN = 'jupyter_devbox';
