import { createIntermission } from './intermission.js'

export default createIntermission('intermission-access-log', 'Intermission, access log on', true)
