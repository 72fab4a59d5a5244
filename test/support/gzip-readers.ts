/** What a reader gives of an object of several members, in the words of docs/archive-format.md. */
export const outcomes = {
  all: 'all members',
  first: 'the first member, no error',
  error: 'the first member, then an error',
  part: 'all members or fewer, no error',
} as const;

export interface GzipReader {
  /** As the table in docs/archive-format.md has it. */
  readonly name: string;
  readonly gives: keyof typeof outcomes;
  readonly tool: Tool;
  /** Prints what it reads of the file that is named behind it. */
  readonly command: readonly string[];
}

interface Tool {
  /** The versions that the outcomes were seen with. */
  readonly triedWith: string;
  /** Ends with 0 where the tool is installed and can be tried. */
  readonly probe: readonly string[];
  /** It compiles what it runs: seconds, and so not in `npm test`. */
  readonly compiles?: true;
}

const javaProgram = `
import java.io.*;
import java.util.zip.GZIPInputStream;

class Read {
  public static void main(String[] args) throws Exception {
    InputStream file = new FileInputStream(args[1]);
    InputStream silent = new FilterInputStream(file) {
      public int available() { return 0; }
    };
    new GZIPInputStream(args[0].equals("silent") ? silent : file).transferTo(System.out);
    System.out.flush();
  }
}
`;

const goProgram = `
package main

import (
  "compress/gzip"
  "io"
  "os"
)

func check(err error) {
  if err != nil {
    panic(err)
  }
}

func main() {
  file, err := os.Open(os.Args[1])
  check(err)
  reader, err := gzip.NewReader(file)
  check(err)
  _, err = io.Copy(os.Stdout, reader)
  check(err)
}
`;

/** By the names that the commands call them; they are written to the directory that the commands run in. */
export const programs = { 'Read.java': javaProgram, 'read.go': goProgram };

const gzip = { triedWith: 'gzip 1.12', probe: ['zcat', '--version'] };
const pigz = { triedWith: 'pigz 2.6', probe: ['pigz', '--version'] };
const zstd = { triedWith: 'zstd 1.5.4', probe: ['zstd', '--version'] };
const busybox = { triedWith: 'BusyBox 1.35.0', probe: ['busybox', 'true'] };
const node = { triedWith: 'Node 24.21.0', probe: [process.execPath, '--version'] };
const bun = { triedWith: 'Bun 1.4.5', probe: ['bun', '--version'] };
const python = { triedWith: 'Python 3.11.7', probe: ['python3', '-c', 'import gzip, zlib'] };
const duckdb = {
  triedWith: 'DuckDB 1.5.6',
  probe: [
    'python3',
    '-c',
    'import duckdb; assert tuple(map(int, duckdb.__version__.split(".")[:3])) >= (1, 5, 6)',
  ],
};
const java: Tool = {
  triedWith: 'Java 17.0.15 and 25.0.3',
  probe: ['javac', '--version'],
  compiles: true,
};
const go: Tool = { triedWith: 'Go 1.26.8', probe: ['go', 'version'], compiles: true };
const perl = {
  triedWith: 'Perl 5.36, IO::Compress 2.106',
  probe: ['perl', '-MIO::Uncompress::Gunzip', '-MCompress::Zlib', '-e', '1'],
};
const ruby = { triedWith: 'Ruby 3.1.2', probe: ['ruby', '-rzlib', '-e', 'Zlib::GzipReader.method(:zcat)'] };
const php = { triedWith: 'PHP 8.2.36', probe: ['php', '-r', 'exit(function_exists("gzdecode") ? 0 : 1);'] };

const inNode = (code: string) => [process.execPath, '-e', `const path = process.argv[1]; ${code}`];
const inBun = (code: string) => [
  'bun',
  '-e',
  `const fs = require('fs'); const body = fs.readFileSync(process.argv[1]); process.stdout.write(${code})`,
];
const inPython = (code: string) => [
  'python3',
  '-c',
  `import gzip, sys, zlib; body = open(sys.argv[1], 'rb').read(); sys.stdout.buffer.write(${code})`,
];
const inRuby = (code: string) => ['ruby', '-rzlib', '-e', `$stdout.binmode; print ${code}`];
const inPhp = (code: string) => ['php', '-r', code];

// DuckDB ends a line at its newline; a delimiter that no line holds keeps the line whole.
const duckdbProgram = String.raw`
import duckdb, sys
lines = duckdb.execute(r"select line from read_csv(?, columns={'line': 'VARCHAR'}, delim='\x00', quote='', escape='', header=false, auto_detect=false, compression='gzip')", sys.argv[1:])
sys.stdout.writelines(line + '\n' for line, in lines.fetchall())
`;

/** The rows of the table in docs/archive-format.md, in their order. */
export const gzipReaders: readonly GzipReader[] = [
  { name: '`zcat`', gives: 'all', tool: gzip, command: ['zcat'] },
  { name: '`pigz -dc`', gives: 'all', tool: pigz, command: ['pigz', '-dc'] },
  { name: '`zstd -dc`', gives: 'all', tool: zstd, command: ['zstd', '-dc'] },
  { name: '`busybox zcat`', gives: 'all', tool: busybox, command: ['busybox', 'zcat'] },
  {
    name: 'DuckDB `read_csv`',
    gives: 'all',
    tool: duckdb,
    command: ['python3', '-c', duckdbProgram],
  },
  {
    name: 'Node `zlib.gunzipSync`',
    gives: 'all',
    tool: node,
    command: inNode('process.stdout.write(zlib.gunzipSync(fs.readFileSync(path)))'),
  },
  {
    name: 'Node `zlib.createGunzip`',
    gives: 'all',
    tool: node,
    command: inNode('fs.createReadStream(path).pipe(zlib.createGunzip()).pipe(process.stdout)'),
  },
  {
    name: 'Node `DecompressionStream`',
    gives: 'error',
    tool: node,
    command: inNode(
      "const stream = new Blob([fs.readFileSync(path)]).stream().pipeThrough(new DecompressionStream('gzip')); (async () => { for await (const part of stream) process.stdout.write(part); })();",
    ),
  },
  {
    name: 'Bun `zlib.gunzipSync`',
    gives: 'all',
    tool: bun,
    command: inBun("require('zlib').gunzipSync(body)"),
  },
  { name: 'Bun `Bun.gunzipSync`', gives: 'first', tool: bun, command: inBun('Bun.gunzipSync(body)') },
  {
    name: 'Python `gzip.open`',
    gives: 'all',
    tool: python,
    command: inPython('gzip.open(sys.argv[1]).read()'),
  },
  {
    name: 'Python `gzip.decompress`',
    gives: 'all',
    tool: python,
    command: inPython('gzip.decompress(body)'),
  },
  {
    name: 'Python `zlib.decompress`',
    gives: 'first',
    tool: python,
    command: inPython('zlib.decompress(body, wbits=31)'),
  },
  {
    name: 'Python `zlib.decompressobj`',
    gives: 'first',
    tool: python,
    command: inPython('zlib.decompressobj(wbits=31).decompress(body)'),
  },
  {
    name: 'Java `GZIPInputStream` over a file',
    gives: 'all',
    tool: java,
    command: ['java', 'Read.java', 'file'],
  },
  {
    name: 'Java `GZIPInputStream` over a stream whose `available()` says 0',
    gives: 'part',
    tool: java,
    command: ['java', 'Read.java', 'silent'],
  },
  { name: 'Go `gzip.NewReader`', gives: 'all', tool: go, command: ['go', 'run', 'read.go'] },
  {
    name: 'Perl `IO::Uncompress::Gunzip`',
    gives: 'first',
    tool: perl,
    command: ['perl', '-MIO::Uncompress::Gunzip=gunzip', '-e', 'gunzip $ARGV[0] => "-" or die'],
  },
  {
    name: 'Perl `IO::Uncompress::Gunzip` with `MultiStream => 1`',
    gives: 'all',
    tool: perl,
    command: [
      'perl',
      '-MIO::Uncompress::Gunzip=gunzip',
      '-e',
      'gunzip $ARGV[0] => "-", MultiStream => 1 or die',
    ],
  },
  {
    name: 'Perl `Compress::Zlib::memGunzip`',
    gives: 'first',
    tool: perl,
    command: [
      'perl',
      '-MCompress::Zlib',
      '-e',
      'open my $file, "<:raw", $ARGV[0] or die; local $/; my $body = <$file>; print Compress::Zlib::memGunzip($body) // die',
    ],
  },
  {
    name: 'Ruby `Zlib::GzipReader.open`',
    gives: 'first',
    tool: ruby,
    command: inRuby('Zlib::GzipReader.open(ARGV[0], &:read)'),
  },
  {
    name: 'Ruby `Zlib.gunzip`',
    gives: 'first',
    tool: ruby,
    command: inRuby('Zlib.gunzip(File.binread(ARGV[0]))'),
  },
  {
    name: 'Ruby `Zlib::GzipReader.zcat`',
    gives: 'all',
    tool: ruby,
    command: inRuby("Zlib::GzipReader.zcat(File.open(ARGV[0], 'rb'))"),
  },
  {
    name: 'PHP `gzdecode`',
    gives: 'first',
    tool: php,
    command: inPhp('echo gzdecode(file_get_contents($argv[1]));'),
  },
  { name: 'PHP `readgzfile`', gives: 'all', tool: php, command: inPhp('readgzfile($argv[1]);') },
  {
    name: 'PHP `compress.zlib://`',
    gives: 'all',
    tool: php,
    command: inPhp('readfile("compress.zlib://$argv[1]");'),
  },
];
