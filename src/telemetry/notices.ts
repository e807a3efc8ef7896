/** What whoever started the server has to know at once: in its banner, and on the terminal when it is found out later. */
export type Notices = {
  readonly add: (text: string) => void;
  /** The banner is written. @returns what was found out so far */
  readonly open: () => readonly string[];
};

export function createNotices(terminal: { write(text: string): unknown }): Notices {
  const early: string[] = [];
  let isOpen = false;
  return {
    add(text) {
      if (isOpen) terminal.write(noticeLine(text));
      else early.push(text);
    },
    open() {
      isOpen = true;
      return early.splice(0);
    },
  };
}

export function noticeLine(text: string): string {
  return `\n  !! ${text}\n\n`;
}
