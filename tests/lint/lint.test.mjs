// The lint finds what it is for: one small tree for each rule. Run with `node --test`.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { checkTree } from './house.mjs';

function check(files) {
  const root = mkdtempSync(join(tmpdir(), 'hale-lint-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return checkTree(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('an include that points down is fine', () => {
  assert.deepEqual(check({ 'agent/a.cpp': '#include "rules/judge.hpp"\n#include "core/time.hpp"\n', 'rules/r.cpp': '#include "platform/files.hpp"\n' }), []);
});

test('an include that points up is found with file and line', () => {
  assert.deepEqual(check({ 'core/c.cpp': '\n#include "platform/files.hpp"\n' }), ['core/c.cpp:2: core must not include platform/files.hpp: includes point down only']);
  assert.equal(check({ 'platform/p.cpp': '#include "collectors/collector.hpp"\n' }).length, 1);
  assert.equal(check({ 'uploader/u.cpp': '#include "rules/judge.hpp"\n' }).length, 1);
  assert.equal(check({ 'fleet/f.cpp': '#include "uploader/outbox.hpp"\n' }).length, 1);
});

test('rules may not use more of the platform than it needs', () => {
  assert.match(check({ 'rules/r.cpp': '#include "platform/database_sqlite.hpp"\n' })[0], /rules may use/);
  assert.deepEqual(check({ 'rules/r.cpp': '#include "platform/parse/smartctl.hpp"\n' }), []);
});

test('the load generator may use the real uploader', () => {
  assert.deepEqual(check({ 'fleet/swarm/main.cpp': '#include "uploader/outbox.hpp"\n' }), []);
});

test('a foreign header outside a file that is named for it is found', () => {
  assert.match(check({ 'agent/store.cpp': '#include <sqlite3.h>\n' })[0], /\*_sqlite/);
  assert.match(check({ 'collectors/fan/fan.cpp': '#include <sys/ioctl.h>\n' })[0], /\*_linux/);
  assert.deepEqual(check({ 'collectors/fan/fan_linux.cpp': '#include <sys/ioctl.h>\n' }), []);
});

test('tests may include anything, and nothing else may include tests', () => {
  assert.deepEqual(check({ 'core/tests/t.cpp': '#include <unistd.h>\n#include "agent/x.hpp"\n' }), []);
  assert.match(check({ 'core/c.cpp': '#include "tests/support/data.hpp"\n' })[0], /only tests/);
});

test('a path of one machine is found in any text', () => {
  assert.match(check({ 'docs/a.md': 'see /home/somebody/x\n' })[0], /docs\/a.md:1: names a path of one machine: \/home\/somebody/);
  assert.deepEqual(check({ 'docs/a.md': 'see /usr/bin/env, /var/lib/hale and https://example.org/home/x\n' }), []);
});

test('an OS switch and a huge file are found', () => {
  assert.match(check({ 'core/c.cpp': '#ifdef X\n#if defined(_WIN32)\n' })[0], /:2: OS #if/);
  assert.match(check({ 'core/c.cpp': '\n'.repeat(501) })[0], /more than 500 lines/);
});
