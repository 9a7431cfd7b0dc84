// The list of tags, narrowed as one types.

const rows = [...document.querySelectorAll("tr[data-name]")];
document.querySelector(".filter").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.dataset.name.includes(wanted);
});
