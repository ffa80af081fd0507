// Writes docs/api.md from the comments of everything that the package exports, and of the types that those name.
// usage: node --import tsx test/tools/api-reference.ts [--check]
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { packageRoot } from '../../src/package-root.ts'

const PLUGINS = ['errorPages', 'maintenance', 'admin', 'metrics', 'staticFirst', 'proxy']
const FILE = 'docs/api.md'
const INTRO = `# The API

Everything that \`import { ... } from 'fastify-intermission'\` gives, made from the comments in the source by
\`node --import tsx test/tools/api-reference.ts\`. How the plugins go together is in [plugins/README.md](../plugins/README.md). Times in
documents are ISO 8601 in UTC; durations that somebody writes have a unit, such as \`30m\`; numbers have theirs in the name.
`

const entry = join(packageRoot, 'src/index.ts')
const { config } = ts.readConfigFile(join(packageRoot, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, packageRoot)
const program = ts.createProgram([entry], { ...options, noEmit: true })
const checker = program.getTypeChecker()
const undocumented: string[] = []
const queue: ts.Symbol[] = []

const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!
const exported = checker
  .getExportsOfModule(module)
  .map((symbol) => ({ name: symbol.name, symbol: real(symbol) }))
const named = (name: string): ts.Symbol => exported.find((one) => one.name === name)!.symbol
const types = exported.filter(({ symbol }) => symbol.flags & ts.SymbolFlags.Type && !isClass(symbol))
for (const { symbol } of types) note(symbol)

const sections = [
  INTRO,
  '## Plugins\n',
  ...PLUGINS.map(plugin),
  '## Functions\n',
  ...exported
    .filter(({ symbol }) => symbol.flags & ts.SymbolFlags.Function && isOurs(symbol))
    .flatMap(callable),
  '## Errors\n',
  ...exported.filter(({ symbol }) => isClass(symbol)).map(({ symbol }) => typeOf(symbol)),
  '## Types\n'
]
// Grows while it is read: types name others.
for (let at = 0; at < queue.length; at++) sections.push(typeOf(queue[at]!))

const text = `${sections.join('\n').trimEnd()}\n`
const path = join(packageRoot, FILE)
if (undocumented.length > 0) fail(`these have no comment:\n  ${undocumented.join('\n  ')}`)
else if (!process.argv.includes('--check')) writeFileSync(path, text)
else if (readFileSync(path, 'utf8') !== text)
  fail(`${FILE} is stale; run node --import tsx test/tools/api-reference.ts`)

function fail(why: string): void {
  console.error(why)
  process.exitCode = 1
}

/** What the comment at the top of its file says; its options are a type like all others. */
function plugin(name: string): string {
  const file = named(name).declarations![0]!.getSourceFile()
  const comment = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(file.text)?.[1] ?? ''
  if (comment === '') undocumented.push(name)
  const entryName = relative(join(packageRoot, 'plugins'), file.fileName).replace('.ts', '')
  const said = comment.replace(/^ \* ?/gm, '')
  const its = `${name[0]!.toUpperCase()}${name.slice(1)}Options`
  return `### ${name}\n\n\`fastify-intermission/${entryName}\`, options: \`${its}\`.\n\n${said}\n`
}

function callable({ name, symbol }: { name: string; symbol: ts.Symbol }): string[] {
  if (PLUGINS.includes(name)) return []
  const declaration = symbol.declarations!.find(ts.isFunctionDeclaration)!
  visit(declaration.parameters)
  if (declaration.type) visit([declaration.type])
  const parameters = declaration.parameters.map(parameterText).join(', ')
  const head = `### ${name}\n\n\`\`\`ts\n${name}(${parameters})${typeText(declaration.type)}\n\`\`\`\n`
  return [`${head}\n${commentOf(symbol, name)}\n`]
}

// A parameter that is taken apart has no name of its own.
function parameterText({ name, type, initializer, questionToken }: ts.ParameterDeclaration): string {
  const word = ts.isIdentifier(name) ? name.text : 'options'
  const optional = initializer !== undefined || questionToken !== undefined ? '?' : ''
  return `${word}${optional}${typeText(type)}`
}

function typeText(type: ts.TypeNode | undefined): string {
  return type === undefined ? '' : `: ${oneLine(type.getText())}`
}

function typeOf(symbol: ts.Symbol): string {
  const declaration = symbol.declarations![0]!
  const head = `### ${symbol.name}\n\n${commentOf(symbol, symbol.name)}\n`
  if (ts.isTypeAliasDeclaration(declaration)) {
    visit([declaration.type])
    return `${head}\n\`\`\`ts\ntype ${symbol.name} = ${oneLine(declaration.type.getText())}\n\`\`\`\n`
  }
  const members = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).filter(isOurs)
  return `${head}\n${members.map((member) => memberOf(member, symbol.name)).join('\n')}\n`
}

function memberOf(member: ts.Symbol, owner: string): string {
  const declaration = member.declarations![0]! as ts.PropertySignature | ts.MethodSignature
  const comment = commentOf(member, `${owner}.${member.name}`)
  visit([declaration])
  const signature = oneLine(declaration.getText()).replace(/^(readonly|override) /g, '')
  return `- \`${signature}\`  \n  ${comment.replaceAll('\n', '\n  ')}`
}

function commentOf(symbol: ts.Symbol, name: string): string {
  const parts = [ts.displayPartsToString(symbol.getDocumentationComment(checker))]
  for (const tag of symbol.getJsDocTags(checker)) {
    const said = ts.displayPartsToString(tag.text).trim()
    if (tag.name === 'param') parts.push(`\`${said.split(' ')[0]}\`: ${said.split(' ').slice(1).join(' ')}`)
    if (tag.name === 'returns') parts.push(`Gives ${said}`)
    if (tag.name === 'throws') parts.push(`Throws ${said}`)
  }
  const comment = parts.filter((part) => part !== '').join('\n\n')
  if (comment === '') undocumented.push(name)
  return comment.replace(/\{@link (\S+?)\}/g, '`$1`')
}

/** Notes the types of ours that a piece of source names. */
function visit(nodes: readonly ts.Node[]): void {
  for (const node of nodes) {
    if (ts.isTypeReferenceNode(node)) {
      const symbol = checker.getSymbolAtLocation(node.typeName)
      if (symbol) note(real(symbol))
    }
    node.forEachChild((child) => visit([child]))
  }
}

function note(symbol: ts.Symbol): void {
  const isType = symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias)
  if (isType && isOurs(symbol) && !queue.some(({ name }) => name === symbol.name)) queue.push(symbol)
}

function real(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

function isClass(symbol: ts.Symbol): boolean {
  return (symbol.flags & ts.SymbolFlags.Class) !== 0
}

function isOurs({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some((one) => !one.getSourceFile().fileName.includes('/node_modules/'))
}

function oneLine(source: string): string {
  return source
    .replace(/\/\*\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/^(= )?\| /, '')
    .trim()
}
