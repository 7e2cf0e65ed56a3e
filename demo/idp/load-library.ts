/** The provider library, without its complaint about Node releases that are not LTS yet. */
export async function loadLibrary() {
  const { warn } = console
  console.warn = () => {}
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}

export type Library = Awaited<ReturnType<typeof loadLibrary>>
