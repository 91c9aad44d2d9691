import './parts.css';
import './forms.css';
import './lines.css';
import './panel.css';
import './places.css';
