"""Pictures as inline SVG: laid out here, coloured by the style sheet."""
