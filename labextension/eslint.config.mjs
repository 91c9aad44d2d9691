import hooks from 'eslint-plugin-react-hooks';
import jupyter from '@jupyter/eslint-plugin';
import typescript from 'typescript-eslint';

export default typescript.config(typescript.configs.recommended, jupyter.configs.recommended, {
  files: ['src/**/*.{ts,tsx}'],
  plugins: { 'react-hooks': hooks, jupyter },
  rules: {
    ...hooks.configs.recommended.rules,
    curly: 'error',
    eqeqeq: 'error',
    'no-console': 'error'
  }
});
