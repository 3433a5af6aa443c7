const MORNING_HOUR = 8;

/** From `now` until 8 in the morning of the next day, as this place's calendar has it. */
export function msUntilMorning(now: Date): number {
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(MORNING_HOUR, 0, 0, 0);
  return morning.getTime() - now.getTime();
}
