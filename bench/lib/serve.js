/** Runs one candidate of Node in this process. usage: node serve.js NAME SETUP_JSON */
const [name, setup] = process.argv.slice(2)
const { default: candidate } = await import(`../candidates/${name}.js`)
await candidate.listen(JSON.parse(setup))
