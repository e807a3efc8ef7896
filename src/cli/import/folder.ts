/** A folder of people: each sub-folder is a person, named as the folder is; its pictures may lie in folders of their own. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { subjectName } from '../../contract/people.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';

export type Picture = {
  readonly person: string;
  /** Relative to the folder of all people. */
  readonly file: string;
  readonly path: string;
};

export type Person = { readonly name: string; readonly pictures: readonly Picture[] };

/** Something of a person that cannot be sent. */
export type Trouble = {
  readonly person: string;
  readonly file: string;
  readonly code: 'unreadable' | 'invalid_name';
  readonly detail: string;
};

export type Skipped = {
  /** Files and folders whose names begin with a dot. */
  hidden: number;
  /** By their names. */
  notPictures: number;
  /** Links that lead out of the folder, or nowhere. */
  links: number;
  /** Files that lie in nobody's folder. */
  loose: number;
};

export type PeopleFolder = {
  /** Sorted by name; also those without a picture. */
  readonly people: readonly Person[];
  readonly troubles: readonly Trouble[];
  readonly skipped: Readonly<Skipped>;
};

/** What the server reads goes by the content; a name tells only whether it is worth sending. */
const PICTURE = /\.(?:jpe?g|jpe|jfif|png|webp|gif|tiff?|avif|hei[cf]|bmp)$/i;

/** @param shown the folder as messages name it @throws CliError where it cannot be read */
export async function readPeopleFolder(folder: string, shown: string): Promise<PeopleFolder> {
  const root = await realpath(folder).catch((error: unknown) => {
    throw unreadable(shown, error);
  });
  const entries = await list(root).catch((error: unknown) => {
    throw unreadable(shown, error);
  });
  const walk = new Walk(root);
  for (const entry of entries) {
    const kind = await walk.kindOf(root, entry);
    if (kind === 'file') walk.skipped.loose += 1;
    if (kind === 'folder') await walk.person(entry.name);
  }
  const people = [...walk.people].map(([name, pictures]) => ({ name, pictures }));
  return { people, troubles: walk.troubles, skipped: walk.skipped };
}

class Walk {
  readonly people = new Map<string, Picture[]>();
  readonly troubles: Trouble[] = [];
  readonly skipped: Skipped = { hidden: 0, notPictures: 0, links: 0, loose: 0 };
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Two folders whose names are the same in NFC are one person. */
  async person(folder: string): Promise<void> {
    const name = subjectName.safeParse(folder);
    if (!name.success) {
      const detail = `the folder’s name cannot be a person’s: ${name.error.issues[0]?.message ?? 'not allowed'}`;
      this.troubles.push({ person: folder, file: folder, code: 'invalid_name', detail });
      return;
    }
    const pictures = this.people.get(name.data) ?? [];
    this.people.set(name.data, pictures);
    await this.#collect(name.data, path.join(this.#root, folder), pictures, new Set());
  }

  /** @param seen real paths of folders: links may lead in circles */
  async #collect(person: string, folder: string, pictures: Picture[], seen: Set<string>): Promise<void> {
    const file = path.relative(this.#root, folder);
    let entries: Dirent[];
    try {
      const real = await realpath(folder);
      if (seen.has(real)) return;
      seen.add(real);
      entries = await list(folder);
    } catch (error) {
      this.troubles.push({ person, file, code: 'unreadable', detail: reasonOf(error) });
      return;
    }
    for (const entry of entries) {
      const at = path.join(folder, entry.name);
      const kind = await this.kindOf(folder, entry);
      if (kind === 'folder') await this.#collect(person, at, pictures, seen);
      else if (kind === 'file' && !PICTURE.test(entry.name)) this.skipped.notPictures += 1;
      else if (kind === 'file') pictures.push({ person, file: path.relative(this.#root, at), path: at });
    }
  }

  /** Counts what is skipped. */
  async kindOf(folder: string, entry: Dirent): Promise<'file' | 'folder' | 'skipped'> {
    if (entry.name.startsWith('.')) {
      this.skipped.hidden += 1;
      return 'skipped';
    }
    if (entry.isDirectory()) return 'folder';
    if (entry.isFile()) return 'file';
    // A pipe or a device never ends, or is no picture.
    if (!entry.isSymbolicLink()) {
      this.skipped.notPictures += 1;
      return 'skipped';
    }
    const kind = await this.#targetOf(path.join(folder, entry.name));
    if (kind === 'skipped') this.skipped.links += 1;
    return kind;
  }

  async #targetOf(link: string): Promise<'file' | 'folder' | 'skipped'> {
    const target = await realpath(link).catch(() => null);
    if (target === null || !isWithin(this.#root, target)) return 'skipped';
    const found = await stat(target).catch(() => null);
    if (found?.isDirectory() === true) return 'folder';
    return found?.isFile() === true ? 'file' : 'skipped';
  }
}

function isWithin(root: string, target: string): boolean {
  const relative = path.relative(root, target);
  return relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

/** In the same order on every machine. */
async function list(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function unreadable(shown: string, error: unknown): CliError {
  return new CliError(EXIT.failure, `${shown} ${reasonOf(error)}`, { cause: error });
}

/** Why a file or a folder cannot be read, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const known: Record<string, string> = {
    ENOENT: 'is not there',
    EACCES: 'cannot be read: no permission',
    EPERM: 'cannot be read: no permission',
    ENOTDIR: 'is no folder',
    EISDIR: 'is a folder',
    ELOOP: 'cannot be read: its links lead in a circle',
    ENAMETOOLONG: 'cannot be read: its path is too long',
  };
  return known[code] ?? `cannot be read (${code})`;
}
