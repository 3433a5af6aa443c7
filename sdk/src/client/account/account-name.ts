/** The form in which an account name (an e-mail address) is sent: trimmed, NFC, lower case. */
export function normaliseAccountName(name: string): string {
  return name.trim().normalize('NFC').toLowerCase().normalize('NFC');
}
