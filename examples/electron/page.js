/** The page: each button asks the main process for what its name says. */
const element = (id) => document.getElementById(id)

window.license.onChange(({ text, hasPro }) => {
  element('state').textContent = text
  document.querySelector('[name=export]').disabled = !hasPro
})

for (const button of document.querySelectorAll('button')) {
  button.addEventListener('click', async () => {
    const result = await window.license.ask(button.name, element('key').value)
    if (button.name === 'export') element('result').textContent = result
    if (button.name === 'offline-request') {
      element('request').value = `Open this address on a device with a connection:\n${result.url}`
      element('request').hidden = false
    }
  })
}

window.license.ask('check')
