// Lab's packages are ES modules, and node's require cannot read those: swc turns them, and ours,
// into CommonJS. It only strips types; `jlpm tsc` checks them.
const transform = {
  '\\.[mc]?[jt]sx?$': [
    '@swc/jest',
    {
      jsc: {
        target: 'es2020',
        parser: { syntax: 'typescript', tsx: true },
        transform: { react: { runtime: 'classic' } }
      },
      module: { type: 'commonjs' }
    }
  ]
};

module.exports = {
  testEnvironment: '<rootDir>/jest.environment.js',
  setupFiles: ['<rootDir>/jest.setup.js'],
  testMatch: ['<rootDir>/src/**/__tests__/*.spec.ts?(x)'],
  transform,
  transformIgnorePatterns: [],
  moduleNameMapper: {
    '\\.(css|less)$': 'identity-obj-proxy',
    '\\.svg$': '<rootDir>/jest.svg.js'
  }
};
