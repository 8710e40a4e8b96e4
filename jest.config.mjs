// One suite a level of the test pyramid (docs/architecture.md, "How we know").
const swc = [
  '@swc/jest',
  {
    jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

const suite = (name, testMatch, over = {}) => ({
  displayName: name,
  testEnvironment: 'node',
  // Workspace packages resolve to their sources.
  testEnvironmentOptions: { customExportConditions: ['longshore-source', 'node', 'node-addons'] },
  testMatch,
  modulePathIgnorePatterns: ['<rootDir>/packages/[^/]+/dist', '<rootDir>/.longshore'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': swc },
  ...over,
});

export default {
  // Jest's ESM mode keeps some 9 MB a test file: recycle the workers.
  workerIdleMemoryLimit: '400MB',
  maxWorkers: 2,
  // What hangs is found by it all the same; what is slow on a loaded machine is no failure.
  testTimeout: 30_000,
  projects: [
    suite('unit', ['<rootDir>/packages/*/src/**/*.test.ts', '<rootDir>/test/support/**/*.test.ts']),
    suite('integration', ['<rootDir>/test/integration/**/*.test.ts']),
    suite('e2e', ['<rootDir>/test/e2e/**/*.test.ts']),
    suite('faults', ['<rootDir>/test/faults/**/*.test.ts']),
  ],
};
