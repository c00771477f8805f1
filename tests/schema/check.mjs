// Validates JSON Lines on stdin against the schema named as the first argument. One line of stderr
// per fault; exit 1 if there was one, or no line at all.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.env.SLUICE_SCHEMA_MODULES + '/');
const Ajv = require('ajv/dist/2020').default;
const addFormats = require('ajv-formats').default;

const ajv = new Ajv({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
addFormats(ajv);
const schema = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const id = 'record';
ajv.addSchema(schema, id);
ajv.getSchema(id); // compiles all of it: a broken schema ends here

let lines = 0, faults = 0;
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  lines++;
  const fault = faultOf(line);
  if (fault === null) continue;
  faults++;
  console.error(`line ${lines}: ${fault}`);
}
console.log(`${lines} records, ${faults} faults`);
process.exit(faults > 0 || lines === 0 ? 1 : 0);

// A record is held against the definition of its own kind, which says more than "matches none".
function faultOf(line) {
  let record;
  try {
    record = JSON.parse(line);
  } catch (e) {
    return e.message;
  }
  const known = schema.oneOf.some((s) => s.$ref === `#/$defs/${record?.kind}`);
  const validate = ajv.getSchema(known ? `${id}#/$defs/${record.kind}` : id);
  return validate(record) ? null : ajv.errorsText(validate.errors, { separator: '; ' });
}
