import {
  boolean,
  double,
  int,
  javaClass,
  list,
  long,
  oneOf,
  oneOfIgnoringCase,
  password,
  short,
  string,
} from '../config-key.ts';

/** SASL and delegation tokens. */
export const saslKeys = {
  'delegation.token.expiry.check.interval.ms': long(
    3_600_000,
    'How often delegation tokens are looked at for expiry.',
    { min: 1 },
  ),
  'delegation.token.expiry.time.ms': long(
    86_400_000,
    'Life of a delegation token until it must be renewed.',
    { min: 1 },
  ),
  'delegation.token.max.lifetime.ms': long(
    604_800_000,
    'Longest life of a delegation token, renewals included.',
    { min: 1 },
  ),
  'delegation.token.secret.key': password(
    'Secret that signs delegation tokens; the same on all brokers.',
  ),
  'principal.builder.class': javaClass(
    'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder',
    'Class that makes a principal of an authenticated connection.',
    { update: 'per-broker' },
  ),
  'sasl.client.callback.handler.class': javaClass(
    null,
    "Callback handler of the broker's own SASL clients.",
  ),
  'sasl.enabled.mechanisms': list('GSSAPI', 'SASL mechanisms that are offered.', {
    update: 'per-broker',
  }),
  'sasl.jaas.config': password(
    'Login configuration in JAAS form, for one listener and mechanism.',
    { update: 'per-broker' },
  ),
  'sasl.kerberos.kinit.cmd': string('/usr/bin/kinit', 'Path of kinit.', { update: 'per-broker' }),
  'sasl.kerberos.min.time.before.relogin': long(
    60_000,
    'Pause between two attempts to refresh a Kerberos ticket.',
    { update: 'per-broker' },
  ),
  'sasl.kerberos.principal.to.local.rules': list(
    'DEFAULT',
    'Rules from Kerberos principals to short names.',
    { update: 'per-broker' },
  ),
  'sasl.kerberos.service.name': string(null, 'Kerberos name the broker runs as.', {
    update: 'per-broker',
  }),
  'sasl.kerberos.ticket.renew.jitter': double(
    0.05,
    'Random part of the time at which a ticket is renewed.',
    { update: 'per-broker' },
  ),
  'sasl.kerberos.ticket.renew.window.factor': double(
    0.8,
    "Part of a ticket's life after which it is renewed.",
    { update: 'per-broker' },
  ),
  'sasl.login.callback.handler.class': javaClass(null, 'Callback handler of the login.'),
  'sasl.login.class': javaClass(null, 'Class of the login.'),
  'sasl.login.connect.timeout.ms': int(null, 'How long connecting to a login provider may take.'),
  'sasl.login.read.timeout.ms': int(null, 'How long reading from a login provider may take.'),
  'sasl.login.refresh.buffer.seconds': short(
    300,
    'How long before its end a credential is refreshed at the latest.',
    { update: 'per-broker' },
  ),
  'sasl.login.refresh.min.period.seconds': short(
    60,
    'Shortest time between two refreshes of a credential.',
    { update: 'per-broker' },
  ),
  'sasl.login.refresh.window.factor': double(
    0.8,
    "Part of a credential's life after which it is refreshed.",
    { update: 'per-broker' },
  ),
  'sasl.login.refresh.window.jitter': double(0.05, 'Random part of that time.', {
    update: 'per-broker',
  }),
  'sasl.login.retry.backoff.max.ms': long(
    10_000,
    'Longest wait before a failed login is repeated.',
  ),
  'sasl.login.retry.backoff.ms': long(100, 'First wait before a failed login is repeated.'),
  'sasl.mechanism.inter.broker.protocol': string('GSSAPI', 'SASL mechanism among brokers.', {
    update: 'per-broker',
  }),
  'sasl.oauthbearer.assertion.algorithm': string(
    'RS256',
    "Algorithm that signs the client's assertion.",
    { check: oneOfIgnoringCase('ES256', 'RS256') },
  ),
  'sasl.oauthbearer.assertion.claim.aud': string(null, 'Audience claim of the assertion.'),
  'sasl.oauthbearer.assertion.claim.exp.seconds': int(300, 'How long the assertion is valid.', {
    min: 0,
    max: 86_400,
  }),
  'sasl.oauthbearer.assertion.claim.iss': string(null, 'Issuer claim of the assertion.'),
  'sasl.oauthbearer.assertion.claim.jti.include': boolean(
    false,
    'Whether each assertion gets an id of its own.',
  ),
  'sasl.oauthbearer.assertion.claim.nbf.seconds': int(
    60,
    'How far back the assertion is valid already.',
    { min: 0, max: 3600 },
  ),
  'sasl.oauthbearer.assertion.claim.sub': string(null, 'Subject claim of the assertion.'),
  'sasl.oauthbearer.assertion.file': string(null, 'File with a ready-made assertion.'),
  'sasl.oauthbearer.assertion.private.key.file': string(
    null,
    'File with the key that signs the assertion.',
  ),
  'sasl.oauthbearer.assertion.private.key.passphrase': password('Passphrase of that key.'),
  'sasl.oauthbearer.assertion.template.file': string(
    null,
    'File with a template of the assertion.',
  ),
  'sasl.oauthbearer.client.credentials.client.id': string(
    null,
    'Client id for the client-credentials grant.',
  ),
  'sasl.oauthbearer.client.credentials.client.secret': password(
    'Client secret for the client-credentials grant.',
  ),
  'sasl.oauthbearer.clock.skew.seconds': int(
    30,
    'Difference between clocks that is forgiven when a token is checked.',
  ),
  'sasl.oauthbearer.expected.audience': list('', 'Audiences of which a token must name one.'),
  'sasl.oauthbearer.expected.issuer': string(null, 'Issuer that a token must name.'),
  'sasl.oauthbearer.jwks.endpoint.refresh.ms': long(
    3_600_000,
    "How often the provider's keys are fetched again.",
  ),
  'sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms': long(
    10_000,
    'Longest wait before fetching the keys is repeated.',
  ),
  'sasl.oauthbearer.jwks.endpoint.retry.backoff.ms': long(
    100,
    'First wait before fetching the keys is repeated.',
  ),
  'sasl.oauthbearer.jwks.endpoint.url': string(null, "Where the provider's keys are."),
  'sasl.oauthbearer.jwt.retriever.class': javaClass(
    'org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever',
    'Class that gets tokens.',
  ),
  'sasl.oauthbearer.jwt.validator.class': javaClass(
    'org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator',
    'Class that checks tokens.',
  ),
  'sasl.oauthbearer.scope': string(null, 'Scope asked of the provider.'),
  'sasl.oauthbearer.scope.claim.name': string('scope', 'Claim that holds the scope.'),
  'sasl.oauthbearer.sub.claim.name': string('sub', 'Claim that holds the subject.'),
  'sasl.oauthbearer.token.endpoint.url': string(null, 'Where tokens are got.'),
  'sasl.server.callback.handler.class': javaClass(null, 'Callback handler of the SASL server.'),
  'sasl.server.max.receive.size': int(524_288, 'Largest message before authentication is through.'),
  'security.inter.broker.protocol': string(
    'PLAINTEXT',
    'Security protocol among brokers, unless `inter.broker.listener.name` is set.',
    { check: oneOf('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL') },
  ),
  'security.providers': string(null, 'Classes of security providers.'),
};
