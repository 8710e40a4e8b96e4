import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

// Who may import whom is .dependency-cruiser.cjs; this file is about the code.
export default defineConfig(
  {
    ignores: [
      '**/dist/**',
      '**/gen/**',
      '**/generated/**',
      '**/*.mjs',
      '**/*.cjs',
      '**/*.js',
      '.node/**',
      '.longshore/**',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      // Trust is checked in one place; these two switch it off (docs/architecture.md, "Trust").
      'no-restricted-syntax': [
        'error',
        {
          selector: "Property[key.name='rejectUnauthorized']",
          message: 'Switches the pin off: see protocol/credentials.ts.',
        },
        { selector: "MemberExpression[property.name='NODE_TLS_REJECT_UNAUTHORIZED']", message: 'Never.' },
      ],
    },
  },
  {
    files: ['packages/*/src/domain/**', 'packages/server/src/app/**', 'packages/template/src/**'],
    rules: {
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'console'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time is an argument, or base/clock.' },
        { object: 'Math', property: 'random', message: 'Randomness is an argument.' },
      ],
    },
  },
  {
    files: ['**/*.test.ts', 'test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': 'off',
    },
  },
);
