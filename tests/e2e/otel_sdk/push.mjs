// Sends what push.py sends, with OpenTelemetry's SDK for Node:
//
//   node push.mjs --endpoint 127.0.0.1:4317 [--rounds 3] [--interval 0.5] [--gzip]
//
// Exit code 0 if every export was taken, 1 otherwise.

import {parseArgs} from 'node:util';
import {setTimeout} from 'node:timers/promises';
import {SeverityNumber} from '@opentelemetry/api-logs';
import {OTLPLogExporter} from '@opentelemetry/exporter-logs-otlp-grpc';
import {OTLPMetricExporter} from '@opentelemetry/exporter-metrics-otlp-grpc';
import {resourceFromAttributes} from '@opentelemetry/resources';
import {BatchLogRecordProcessor, LoggerProvider} from '@opentelemetry/sdk-logs';
import {AggregationTemporality, AggregationType, MeterProvider, PeriodicExportingMetricReader} from '@opentelemetry/sdk-metrics';

const {values: options} = parseArgs({
  options: {
    endpoint: {type: 'string', default: '127.0.0.1:4317'},
    rounds: {type: 'string', default: '3'},
    interval: {type: 'string', default: '0.5'},
    gzip: {type: 'boolean', default: false},
  },
});
const transport = {url: `http://${options.endpoint}`, compression: options.gzip ? 'gzip' : 'none'};
const resource = resourceFromAttributes({
  'service.name': 'checkout',
  'service.namespace': 'shop',
  'service.instance.id': 'instance-1',
  'host.name': 'sdk-host',
});
let current = 0;

// Exports happen when flushed, not by the clock.
function makeProvider(temporality, views = []) {
  const exporter = new OTLPMetricExporter({...transport, temporalityPreference: temporality});
  const reader = new PeriodicExportingMetricReader({exporter, exportIntervalMillis: 3_600_000});
  return new MeterProvider({readers: [reader], resource, views});
}

const provider = makeProvider(AggregationTemporality.CUMULATIVE, [
  {instrumentName: 'response.size', aggregation: {type: AggregationType.EXPONENTIAL_HISTOGRAM}},
]);
const meter = provider.getMeter('otel_sdk_test', '1.0');
meter.createObservableGauge('room.temperature', {unit: 'Cel'})
  .addCallback((result) => result.observe(20 + current, {room: 'kitchen'}));
meter.createObservableCounter('cpu.time', {unit: 's'})
  .addCallback((result) => result.observe(1.5 * current, {state: 'user'}));
const orders = meter.createCounter('orders', {unit: '{order}'});
const queue = meter.createUpDownCounter('queue.length');
const duration = meter.createHistogram('request.duration', {unit: 'ms'});
const size = meter.createHistogram('response.size', {unit: 'By'});

const deltas = makeProvider(AggregationTemporality.DELTA);
const deltaMeter = deltas.getMeter('otel_sdk_test', '1.0');
const refunds = deltaMeter.createCounter('refunds');
const amount = deltaMeter.createHistogram('refund.amount');

const logs = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({exporter: new OTLPLogExporter(transport)})],
});
const logger = logs.getLogger('otel_sdk_test');

for (current = 1; current <= Number(options.rounds); ++current) {
  orders.add(10, {method: 'card', route: '/pay'});
  queue.add(1, {queue: 'mail'});
  duration.record(12.5 * current, {route: '/pay'});
  size.record(2000 * current, {route: '/pay'});
  refunds.add(2, {method: 'card'});
  amount.record(30, {method: 'card'});
  for (let i = 0; i < 2; ++i) {
    logger.emit({severityNumber: SeverityNumber.ERROR, body: `payment ${current} timed out`, attributes: {route: '/pay'}});
  }
  logger.emit({severityNumber: SeverityNumber.INFO, body: `round ${current} is over`});
  await Promise.all([provider.forceFlush(), deltas.forceFlush(), logs.forceFlush()]);
  await setTimeout(1000 * Number(options.interval));
}
current = Number(options.rounds);  // what the last export, at the end, observes
await Promise.all([provider.shutdown(), deltas.shutdown(), logs.shutdown()]);
