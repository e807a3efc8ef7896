/** Entry of the imaging process. */
import { serve } from './serve.ts';

serve();
