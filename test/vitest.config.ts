import { defineConfig } from 'vitest/config'

const project = (name: string, options: Record<string, unknown> = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
})

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    projects: [
      project('unit'),
      project('property', { testTimeout: 60_000 }),
      project('contract', { testTimeout: 20_000 }),
      project('http', { testTimeout: 20_000 }),
      // The threats to identities and sign-in once more, for a second provider on a second site.
      project('http', {
        name: 'second',
        include: [
          'id-token',
          'identity-*',
          'callback',
          'provider-answers',
          'return-url',
          'sign-in',
        ].map((name) => `test/http/threats/${name}.test.ts`),
        env: { GATEHOUSE_TEST_PLACE: 'second' },
        testTimeout: 20_000,
      }),
      project('e2e', {
        globalSetup: 'test/e2e/support/global-setup.ts',
        setupFiles: 'test/e2e/support/local-names.ts',
        testTimeout: 180_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
    ],
  },
})
