import { boolean, javaClass, list, oneOf, password, string } from '../config-key.ts';

/** TLS. */
export const sslKeys = {
  'ssl.allow.dn.changes': boolean(
    false,
    'Whether a replaced certificate may have another distinguished name.',
  ),
  'ssl.allow.san.changes': boolean(
    false,
    'Whether a replaced certificate may have other alternative names.',
  ),
  'ssl.cipher.suites': list('', "Cipher suites that are offered; empty: the platform's.", {
    update: 'per-broker',
  }),
  'ssl.client.auth': string('none', 'Whether clients must, may or need not show a certificate.', {
    update: 'per-broker',
    check: oneOf('required', 'requested', 'none'),
  }),
  'ssl.enabled.protocols': list('TLSv1.2,TLSv1.3', 'TLS versions that are offered.', {
    update: 'per-broker',
  }),
  'ssl.endpoint.identification.algorithm': string(
    'https',
    "How a server's name is checked against its certificate.",
    { update: 'per-broker' },
  ),
  'ssl.engine.factory.class': javaClass(null, 'Class that makes TLS engines.', {
    update: 'per-broker',
  }),
  'ssl.key.password': password('Password of the private key.', { update: 'per-broker' }),
  'ssl.keymanager.algorithm': string('SunX509', 'Algorithm of the key manager.', {
    update: 'per-broker',
  }),
  'ssl.keystore.certificate.chain': password('Certificate chain in PEM form.', {
    update: 'per-broker',
  }),
  'ssl.keystore.key': password('Private key in PEM form.', { update: 'per-broker' }),
  'ssl.keystore.location': string(null, 'File of the key store.', { update: 'per-broker' }),
  'ssl.keystore.password': password('Password of the key store.', { update: 'per-broker' }),
  'ssl.keystore.type': string('JKS', 'Format of the key store.', { update: 'per-broker' }),
  'ssl.principal.mapping.rules': string(
    'DEFAULT',
    'Rules from distinguished names to short names.',
  ),
  'ssl.protocol': string('TLSv1.3', 'TLS version that is preferred.', { update: 'per-broker' }),
  'ssl.provider': string(null, 'Security provider of TLS.', { update: 'per-broker' }),
  'ssl.secure.random.implementation': string(null, 'Random number generator of TLS.', {
    update: 'per-broker',
  }),
  'ssl.trustmanager.algorithm': string('PKIX', 'Algorithm of the trust manager.', {
    update: 'per-broker',
  }),
  'ssl.truststore.certificates': password('Trusted certificates in PEM form.', {
    update: 'per-broker',
  }),
  'ssl.truststore.location': string(null, 'File of the trust store.', { update: 'per-broker' }),
  'ssl.truststore.password': password('Password of the trust store.', { update: 'per-broker' }),
  'ssl.truststore.type': string('JKS', 'Format of the trust store.', { update: 'per-broker' }),
};
