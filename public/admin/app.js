import { call, isSignedIn, signIn, signOut } from './api.js'
import { busy, setText } from './dom.js'
import { follow } from './events.js'
import { clock } from './format.js'
import { showHistory, showMembers } from './lists.js'
import { createLinks, createSchedule } from './plans.js'
import { createEverySite, createSites } from './sites.js'

const byId = (id) => document.getElementById(id)
const form = byId('sign-in')
const board = byId('board')
const connection = byId('connection')
const notice = byId('notice')
const views = { report, refresh: () => showLists() }
const showSites = createSites(byId('sites'), views)
const showEverySite = createEverySite(byId('every-site'), views)
const showSchedule = createSchedule(byId('schedule'), views)
const showLinks = createLinks(byId('links'), views)

let stop = () => undefined
let status
let listed
let heardAt = 0

/** Tells the operator what has become of something. */
function report(text, isBad = false) {
  notice.hidden = false
  notice.classList.toggle('error', isBad)
  setText(notice, text)
}

function show(next) {
  status = next
  heardAt = Date.now()
  showSites(status.sites)
  showEverySite(status.sites)
  showMembers(byId('members'), status)
  if (listed !== status.revision) showLists()
}

async function showLists() {
  listed = status.revision
  const sites = status.sites.map(({ site }) => site)
  try {
    await Promise.all([showSchedule(sites), showLinks(sites), showHistory(byId('history'))])
  } catch (error) {
    // The next status tries again.
    listed = undefined
    report(error.message, true)
  }
}

function begin() {
  form.hidden = true
  board.hidden = false
  byId('sign-out').hidden = false
  setText(connection, 'Connecting …')
  stop = follow({
    status: show,
    connected() {
      board.classList.remove('stale')
      setText(connection, 'Connected')
    },
    lost() {
      board.classList.add('stale')
      const since = heardAt === 0 ? '' : ` What you see is from ${clock(heardAt)}.`
      setText(connection, `Connection lost, trying again.${since}`)
    },
    refused: () => end('This token is not good any more.')
  })
}

function end(why = '') {
  stop()
  signOut()
  // Nothing of what was seen stays for whoever comes next.
  if (status !== undefined) location.reload()
  board.hidden = true
  byId('sign-out').hidden = true
  form.hidden = false
  setText(connection, '')
  setText(form.querySelector('.error'), why)
  byId('token').focus()
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const { value } = byId('token')
  await busy(form.querySelector('button'), async () => {
    signIn(value.trim())
    try {
      await call('GET', 'status')
      byId('token').value = ''
      begin()
    } catch (error) {
      end(error.status === 401 ? 'This is not the right token.' : error.message)
    }
  })
})
byId('sign-out').addEventListener('click', () => end())
if (isSignedIn()) begin()
else end()
