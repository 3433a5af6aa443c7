/** The form in which names of accounts are compared: case and composition do not matter. */
export function normalizeName(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC');
}
