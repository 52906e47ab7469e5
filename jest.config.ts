import type { Config } from 'jest';

/** One project per kind of test, so that each can be run by itself (see CONTRIBUTING.md). */
const common = {
  testEnvironment: 'node',
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

const config: Config = {
  projects: [
    { ...common, displayName: 'unit', roots: ['<rootDir>/test/unit'] },
    { ...common, displayName: 'integration', roots: ['<rootDir>/test/integration'] },
    { ...common, displayName: 'compat', roots: ['<rootDir>/test/compat'] },
  ],
};

export default config;
