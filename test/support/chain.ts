/** A chain of certificates as browsers meet it: a root, an intermediate, and what that signs. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { type CertificateFiles, createCertificate } from './certificate.ts'
import type { Directory } from './directory.ts'

export type Leaf = CertificateFiles

export interface LeafOptions {
  /** Whether the file has the intermediate as well. */
  readonly withIntermediate?: boolean
  /** `localhost` when left out. */
  readonly name?: string
  /** From today. */
  readonly days?: { readonly from: number; readonly to: number }
}

export interface Chain {
  /** Path of the root's certificate. */
  readonly root: string
  leaf(file: string, options: LeafOptions): Leaf
  selfSigned(): Leaf
}

const DAY = 86_400_000

const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { stdio: 'pipe' })
}
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes a root and an intermediate in `directory`. */
export function createChain(directory: Directory): Chain {
  const root = directory.file('root.pem')
  const rootKey = directory.file('root-key.pem')
  openssl('req', '-x509', ...NEW_KEY, '-keyout', rootKey, '-out', root, '-subj', '/CN=root')
  const middle = directory.file('middle.pem')
  const middleKey = directory.file('middle-key.pem')
  openssl(
    ...['req', '-x509', ...NEW_KEY, '-keyout', middleKey, '-out', middle, '-subj', '/CN=middle'],
    ...['-CA', root, '-CAkey', rootKey, '-addext', 'basicConstraints=critical,CA:TRUE'],
  )
  return {
    root,
    leaf: (file, { withIntermediate = false, name = 'localhost', days }) => {
      const [cert, key] = [directory.file(`${file}.pem`), directory.file(`${file}-key.pem`)]
      sign(directory, { cert, key, name, ca: middle, caKey: middleKey, days })
      if (withIntermediate)
        writeFileSync(cert, readFileSync(cert, 'utf8') + readFileSync(middle, 'utf8'))
      return { cert, key }
    },
    selfSigned: () => createCertificate(directory, 90),
  }
}

interface Signing extends CertificateFiles {
  readonly name: string
  readonly ca: string
  readonly caKey: string
  readonly days: LeafOptions['days']
}

/** With the dates that are wanted, which is what `openssl ca` can. */
function sign(directory: Directory, { cert, key, name, ca, caKey, days }: Signing): void {
  const request = directory.file('request.pem')
  const { from, to } = days ?? { from: -1, to: 90 }
  directory.write('index.txt', '')
  directory.write('ca.cnf', CONFIGURATION(directory.path, name))
  openssl('req', '-new', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`)
  openssl(
    ...['ca', '-batch', '-notext', '-config', directory.file('ca.cnf')],
    ...['-in', request, '-out', cert, '-cert', ca, '-keyfile', caKey],
    ...['-startdate', dateIn(from), '-enddate', dateIn(to)],
  )
}

const dateIn = (days: number): string =>
  new Date(Date.now() + days * DAY).toISOString().replace(/[-:T]|\.\d+/g, '')

/** Who issues for the public says where the certificate of the signer can be had. */
const CONFIGURATION = (directory: string, name: string): string => `
[ca]
default_ca = one
[one]
database = ${directory}/index.txt
new_certs_dir = ${directory}
default_md = sha256
policy = any
x509_extensions = leaf
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
subjectAltName = DNS:${name}
authorityInfoAccess = caIssuers;URI:http://example.com/middle.der
`
