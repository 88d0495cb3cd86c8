// Sends with datadog-metrics (its buffer and aggregation, through Datadog's API client) and hot-shots.
//
//     node push_api.js HTTP_PORT UDP_PORT KEY      in the folder of the modules
'use strict';
const { createRequire } = require('module');
const load = createRequire(process.cwd() + '/');
const { client, v1, v2 } = load('@datadog/datadog-api-client');
const metrics = load('datadog-metrics');
const StatsD = load('hot-shots');

const [httpPort, udpPort, key] = process.argv.slice(2);

function configuration() {
  const server = new client.ServerConfiguration(`http://127.0.0.1:${httpPort}`, {});
  return client.createConfiguration({ baseServer: server, authMethods: { apiKeyAuth: key } });
}

// As datadog-metrics' own reporter, which only speaks TLS.
class Reporter {
  constructor() { this.api = new v1.MetricsApi(configuration()); }
  async report(series) {
    const distributions = series.filter((one) => one.type === 'distribution');
    const others = series.filter((one) => one.type !== 'distribution');
    if (others.length) await this.api.submitMetrics({ body: { series: others } });
    if (distributions.length) await this.api.submitDistributionPoints({ body: { series: distributions } });
  }
}

async function overHttp() {
  metrics.init({ host: 'web-2', prefix: 'node.', flushIntervalSeconds: 0, defaultTags: ['env:prod'], reporter: new Reporter() });
  metrics.gauge('gauge', 1.5, ['a:b']);
  metrics.increment('count', 3);
  metrics.increment('count', 4);
  metrics.distribution('distribution', 2);
  metrics.distribution('distribution', 4);
  await metrics.flush();
  const now = Math.floor(Date.now() / 1000);
  const answer = await new v2.MetricsApi(configuration()).submitMetrics({
    body: { series: [{ metric: 'node.v2', type: 2, interval: 10, points: [{ timestamp: now, value: 2.5 }],
                       resources: [{ type: 'host', name: 'web-2' }], tags: ['env:prod'] }] },
  });
  if (answer.errors.length) throw new Error(answer.errors.join());
  await sendLogs();
}

async function sendLogs() {
  const logs = new v2.LogsApi(configuration());
  const one = { ddsource: 'nginx', ddtags: 'env:prod,team:shop', hostname: 'web-2', service: 'shop', message: 'timed out',
                additionalProperties: { status: 'error', http: { status_code: '504' } } };
  await logs.submitLog({ body: [one, one], contentEncoding: 'gzip' });
  await logs.submitLog({ body: [{ message: '{"level":"warn","msg":"slow"}' }], ddtags: 'env:test', contentEncoding: 'deflate' });
}

function asStatsd() {
  return new Promise((resolve, reject) => {
    const statsd = new StatsD({ host: '127.0.0.1', port: Number(udpPort), prefix: 'hot.', globalTags: ['env:prod'], errorHandler: reject });
    statsd.gauge('gauge', 3);
    statsd.increment('count', 5);
    statsd.histogram('size', 4);
    statsd.timing('took', 12);
    statsd.unique('users', 'u1');
    statsd.distribution('latency', 2);
    statsd.check('check', statsd.CHECKS.CRITICAL, { hostname: 'web-3' });
    statsd.event('title', 'text', { alert_type: 'error', hostname: 'web-3' });
    statsd.close((error) => (error ? reject(error) : resolve()));
  });
}

overHttp().then(asStatsd).catch((error) => { console.error(error); process.exit(1); });
