#!/usr/bin/env node
import { run } from './run.ts'
import { terminal } from './terminal.ts'

const exitCode = await run(process.argv.slice(2), process.env, terminal)
if (exitCode !== undefined) process.exitCode = exitCode
