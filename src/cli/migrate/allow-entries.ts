import { readAllowEntry } from '../../model/allow.ts'

/** Whether an entry of an allow list means the same in a variable and in the file. */
export function isWritable(entry: string): boolean {
  const read = readAllowEntry(entry)
  return read !== undefined && read !== 'anyone' && !/,|\s#|\$\{env\./.test(entry)
}
