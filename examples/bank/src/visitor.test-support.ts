/** Somebody who talks to the bank without a browser: keeps the cookie, and reads the forms' token. */
export class Visitor {
  readonly #url: string
  #cookie = ''

  constructor(url: string) {
    this.#url = url
  }

  get cookie(): string {
    return this.#cookie
  }

  get(path: string): Promise<Response> {
    return this.#send(path, {})
  }

  async text(path: string): Promise<string> {
    return (await this.get(path)).text()
  }

  /** Posts a form as a page of the bank would, with the token of the page at `from`. */
  async submit(path: string, fields: Record<string, string>, from = '/accounts'): Promise<Response> {
    return this.post(path, { csrf: await this.csrfAt(from), ...fields })
  }

  /** Posts a form with exactly these fields. */
  post(
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return this.#send(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: this.#url, 'sec-fetch-site': 'same-origin', ...headers },
    })
  }

  async csrfAt(path: string): Promise<string> {
    const [, token = ''] = /name="csrf" value="([^"]+)"/.exec(await this.text(path)) ?? []
    return token
  }

  async logIn(name: string, password = 'lighthouse'): Promise<Response> {
    return this.post('/login', { name, password })
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...init.headers, ...(this.#cookie === '' ? {} : { cookie: this.#cookie }) }
    const response = await fetch(new URL(path, this.#url), { ...init, headers, redirect: 'manual' })
    const [line] = response.headers.getSetCookie()
    if (line !== undefined) this.#cookie = line.split(';')[0] ?? ''
    return response
  }
}
