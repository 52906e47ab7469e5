import type { Config } from 'jest';

/** One project per kind of test, so that each can be run by itself (see CONTRIBUTING.md). */
const common = {
  testEnvironment: 'node',
  setupFilesAfterEnv: ['<rootDir>/test/support/timeout.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
      },
    ],
  },
} satisfies Config;

/**
 * The compatibility suite: the same tests against our built broker and against the real Apache Kafka, and Apache's tools
 * on both, compared. COMPAT_TARGET=odradek or =apache leaves the other one's tests out; with =apache the tools are
 * compared on two Apache brokers, which tests the suite itself.
 */
function compatProjects(only: string | undefined) {
  const compat = {
    ...common,
    modulePathIgnorePatterns: ['<rootDir>/test/compat/clients'],
  };
  const targets = ['odradek', 'apache'].filter((target) => only === undefined || target === only);
  return [
    ...targets.map((target) => ({
      ...compat,
      displayName: `compat-${target}`,
      roots: ['<rootDir>/test/compat/targets'],
      globals: { compatTarget: target },
      globalSetup: `<rootDir>/test/compat/setup/${target}.ts`,
      globalTeardown: '<rootDir>/test/compat/setup/shared.ts',
    })),
    {
      ...compat,
      displayName: 'compat-tools',
      roots: ['<rootDir>/test/compat/tools'],
      globalSetup: '<rootDir>/test/compat/setup/tools.ts',
      globalTeardown: '<rootDir>/test/compat/setup/shared.ts',
    },
    {
      ...compat,
      displayName: 'compat-folder',
      roots: ['<rootDir>/test/compat/folder'],
      globalSetup: '<rootDir>/test/compat/setup/folder.ts',
      globalTeardown: '<rootDir>/test/compat/setup/shared.ts',
    },
  ];
}

const config: Config = {
  maxWorkers: '100%', // much of the suite waits for brokers and clients
  projects: [
    { ...common, displayName: 'unit', roots: ['<rootDir>/test/unit'] },
    { ...common, displayName: 'integration', roots: ['<rootDir>/test/integration'] },
    ...compatProjects(process.env['COMPAT_TARGET']),
  ],
};

export default config;
